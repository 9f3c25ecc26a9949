"""Policies per transaction, as a table: who asks, what they ask for, whether they may."""

import pytest

from xds.access import AccessContext, AccessPolicy, Attribute, Caller, Demand, Policy, Reason, Refusal

RADIOLOGIST, CLERK = "66862007^^2.16.840.1.113883.6.96", "159561009^^2.16.840.1.113883.6.96"
TREATMENT, AUDIT = "TREAT^^2.999.5.1", "AUDIT^^2.999.5.1"


def user(**said: object) -> Caller:
    """A caller with a user who has everything, unless said otherwise."""
    everything: dict[str, object] = {
        "user": "u",
        "issuer": "i",
        "display_name": "Alex Fabricated",
        "organization": "2.999.4.7",
        "roles": frozenset({RADIOLOGIST}),
        "purpose": TREATMENT,
        "licence": "cpso:1",
    }
    return Caller(partner="north", user=AccessContext(**{**everything, **said}))  # type: ignore[arg-type]


POLICY = AccessPolicy(
    [
        Policy(
            transactions=frozenset({"ITI-18", "ITI-43"}),
            roles=frozenset({RADIOLOGIST}),
            organizations=frozenset({"2.999.4.7"}),
            purposes=frozenset({TREATMENT}),
        ),
        Policy(
            transactions=frozenset({"ITI-18"}),
            attributes=(Attribute.SUBJECT_ID,),
            roles=frozenset({CLERK}),
            purposes=frozenset({AUDIT}),
        ),
        Policy(transactions=frozenset({"ITI-41"}), assertion=Demand.OPTIONAL, attributes=()),
        Policy(
            transactions=frozenset({"ITI-42"}),
            assertion=Demand.IGNORED,
            partners=frozenset({"north", "south"}),
        ),
    ],
    default={"ITI-62": Policy(transactions=frozenset({"ITI-62"}))},
)
NOBODY = Caller(partner="north")


@pytest.mark.parametrize(
    ("transaction", "caller", "reason"),
    [
        ("ITI-18", user(), None),
        ("ITI-43", user(), None),
        ("ITI-18", NOBODY, Reason.ASSERTION_MISSING),
        ("ITI-18", user(roles=frozenset()), Reason.ATTRIBUTE_MISSING),
        ("ITI-18", user(roles=frozenset({"nurse"})), Reason.ROLE),
        ("ITI-18", user(roles=frozenset({"nurse", RADIOLOGIST})), None),
        ("ITI-18", user(organization="2.999.4.8"), Reason.ORGANIZATION),
        ("ITI-18", user(purpose="MARKETING"), Reason.PURPOSE),
        ("ITI-18", user(purpose="TREAT"), Reason.PURPOSE),  # of another code system, or of none
        ("ITI-18", user(roles=frozenset({CLERK}), purpose=AUDIT, licence=None), None),  # the second policy
        ("ITI-43", user(roles=frozenset({CLERK}), purpose=AUDIT), Reason.ROLE),  # which is not of ITI-43
        ("ITI-18", user(roles=frozenset({CLERK})), Reason.ROLE),  # halves of two policies are no right
        ("ITI-41", NOBODY, None),
        ("ITI-41", user(roles=frozenset()), None),
        ("ITI-42", NOBODY, None),
        ("ITI-42", Caller(), Reason.PARTNER),
        ("ITI-42", Caller(partner="west"), Reason.PARTNER),
        ("ITI-62", NOBODY, Reason.ASSERTION_MISSING),
        ("ITI-62", user(), None),
        ("ITI-44", Caller(), None),  # no policy names it
    ],
)
def test_decision(transaction: str, caller: Caller, reason: Reason | None) -> None:
    refusal = POLICY.decide(transaction, caller)
    assert (None if refusal is None else refusal.reason) is reason


@pytest.mark.parametrize(
    ("attribute", "field", "nothing"),
    [
        (Attribute.SUBJECT_ID, "display_name", None),
        (Attribute.ORGANIZATION_ID, "organization", None),
        (Attribute.ROLE, "roles", frozenset()),
        (Attribute.PURPOSE_OF_USE, "purpose", None),
        (Attribute.PROVIDER_IDENTIFIER, "licence", None),
        (Attribute.RESOURCE_ID, "resource_id", None),
    ],
)
def test_each_attribute_can_be_asked_for(attribute: Attribute, field: str, nothing: object) -> None:
    policy = AccessPolicy([Policy(transactions=frozenset({"ITI-18"}), attributes=tuple(Attribute))])
    whole = {"resource_id": "P1001^^^&2.999.1.1&ISO"}
    assert policy.decide("ITI-18", user(**whole)) is None
    refusal = policy.decide("ITI-18", user(**{**whole, field: nothing}))
    assert refusal == Refusal(reason=Reason.ATTRIBUTE_MISSING, missing=(attribute,))


@pytest.mark.parametrize(
    ("transaction", "reads"), [("ITI-18", True), ("ITI-41", True), ("ITI-42", False), ("ITI-44", False)]
)
def test_where_an_assertion_is_looked_at(transaction: str, reads: bool) -> None:
    assert POLICY.reads_assertion(transaction) is reads
