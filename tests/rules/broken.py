"""What a rule's test is made of: a submission with one thing changed, and the one finding that it gives."""

from dataclasses import dataclass

from tests.samples.builders import facts as valid_facts
from xds.model import RegistryFacts, Submission, XdsError
from xds.rules import REGISTRATION, RulePolicy, check

FIELD, STRICT = RulePolicy(), RulePolicy(strictness="strict")
ONTARIO = RulePolicy(profile="ontario")


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One row of a topic's table."""

    rule: str
    submission: Submission
    location: str
    code: str = "XDSRegistryMetadataError"
    says: str = ""  # the start of the context
    facts: RegistryFacts | None = None
    policy: RulePolicy = FIELD

    def findings(self, policy: RulePolicy | None = None) -> list[XdsError]:
        """What the rules find."""
        known = valid_facts() if self.facts is None else self.facts
        return check(REGISTRATION, self.submission, known, policy or self.policy)

    def assert_found(self) -> None:
        """Nothing but the rule finds it; a rule of `strict` only is silent in `field`, a profile's elsewhere."""
        found = self.findings()
        assert [(item.rule, item.code, item.location) for item in found] == [
            (self.rule, self.code, self.location)
        ]
        assert found[0].context.startswith(self.says)
        (rule,) = [item for item in REGISTRATION if item.id == self.rule]
        assert found[0].is_error == (rule.default_level == "error")
        assert (self.policy.strictness == "strict") == rule.strict_only
        assert self.policy.profile == rule.profile
        if rule.strict_only:
            assert self.findings(FIELD) == []
        if rule.profile != "ihe":
            assert self.findings(STRICT) == []
