"""Which policy a message is judged by."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.samples.builders import submission, submission_set
from xds.access import Caller
from xds.rules import CodeSet, Partner, Policies, RulePolicy

DOMAIN = RulePolicy(strictness="strict")
OLD, LAB, BOTH = RulePolicy(), RulePolicy(), RulePolicy()
POLICIES = Policies(
    DOMAIN,
    [
        Partner(
            name="both", networks=(ip_network("10.1.0.0/16"),), source_ids=frozenset({"2.999.7"}), policy=BOTH
        ),
        Partner(name="old", networks=(ip_network("10.1.0.0/16"), ip_network("2001:db8::/32")), policy=OLD),
        Partner(name="lab", source_ids=frozenset({"2.999.8", "2.999.9"}), policy=LAB),
    ],
)


@pytest.mark.parametrize(
    ("peer", "source_id", "policy"),
    [
        ("10.2.0.1", None, DOMAIN),
        ("10.2.0.1", "2.999.7", DOMAIN),  # it calls itself so, but does not send from there
        ("10.1.255.1", None, OLD),
        ("10.1.255.1", "2.999.7", BOTH),  # the first that fits
        ("::ffff:10.1.2.3", None, OLD),
        ("2001:db8::7", None, OLD),
        ("fe80::1%eth0", None, DOMAIN),
        ("", None, DOMAIN),
        ("unix", "2.999.9", LAB),
    ],
)
def test_the_first_partner_that_fits_decides(peer: str, source_id: str | None, policy: RulePolicy) -> None:
    sent = replace(submission(), submission_sets=(submission_set(source_id=source_id),))
    assert POLICIES.of(Caller(address=peer), sent) is policy


def test_a_message_without_a_submission_has_its_address_only() -> None:
    assert POLICIES.of(Caller(address="10.1.0.1")) is OLD
    assert POLICIES.of(Caller(address="10.2.0.1")) is DOMAIN
    assert Policies(DOMAIN).of(Caller(address="10.1.0.1")) is DOMAIN


def test_before_the_content_is_read_the_address_decides() -> None:
    assert not POLICIES.is_strict(Caller(address="10.1.0.1"))
    assert POLICIES.is_strict(Caller(address="10.2.0.1"))


def test_other_code_lists_reach_every_policy() -> None:
    policies = Policies(DOMAIN, POLICIES.partners)
    began = policies.of(Caller(address="10.1.0.1"))
    codes = CodeSet(codes={"classCode": frozenset({("A", "2.999.1")})})
    policies.use_codes(codes)
    assert policies.domain.codes is codes
    assert policies.of(Caller(address="10.1.0.1")).codes is codes
    assert policies.of(Caller(address="10.1.0.1")).strictness == "field"
    assert began.codes is None


def test_who_is_enrolled_is_known_by_that_alone() -> None:
    own = RulePolicy()
    enrolled = Partner(name="dir-a", is_enrolled=True, source_ids=frozenset({"2.999.8"}), policy=own)
    policies = Policies(DOMAIN, [enrolled, *POLICIES.partners])
    sent = replace(submission(), submission_sets=(submission_set(source_id="2.999.8"),))
    held_to = {item.name: item.policy for item in policies.partners}
    assert policies.of(Caller(address="10.1.0.1", partner="dir-a"), sent) is own
    assert policies.of(Caller(address="10.1.0.1"), sent) is held_to["old"]
    assert policies.of(Caller(address="10.9.0.1"), sent) is held_to["lab"], "its own word: not dir-a's policy"
    other = policies.of(Caller(address="10.1.0.1", partner="dir-b"), sent)
    assert other not in held_to.values()
    assert other.strictness == DOMAIN.strictness
    assert policies.is_strict(Caller(address="10.1.0.1", partner="dir-b"))
