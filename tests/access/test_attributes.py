"""XUA and ONE ID attributes onto one access context, however they are spread; ambiguity is refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.access import (
    AccessContext,
    AmbiguousAttribute,
    AttributeValue,
    Claims,
    CodedValue,
    access_context,
)
from xds.model import InstanceIdentifier, OneIdAttribute, XuaAttribute

Pair = tuple[str, AttributeValue]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs"]), min_size=1, max_size=20)
CODES = st.builds(CodedValue, code=TEXTS, scheme=st.sampled_from(["", "2.999.5.1", "2.16.840.1.113883.6.96"]))
SINGLE = {
    XuaAttribute.SUBJECT_ID: "display_name",
    OneIdAttribute.DISPLAY_NAME: "display_name",
    XuaAttribute.ORGANIZATION: "organization_name",
    XuaAttribute.ORGANIZATION_ID: "organization",
    OneIdAttribute.UAO: "organization",
    XuaAttribute.PURPOSE_OF_USE: "purpose",
    OneIdAttribute.OBO: "on_behalf_of",
    OneIdAttribute.AUTHENTICATION_LEVEL: "assurance_level",
    XuaAttribute.RESOURCE_ID: "resource_id",
    XuaAttribute.HOME_COMMUNITY_ID: "home_community_id",
    XuaAttribute.OVERRIDE_REASON: "override_reason",
    XuaAttribute.NPI: "licence",
    OneIdAttribute.RID: "licence",
}


def context(*attributes: Pair, prefix: str = "") -> AccessContext:
    """What those attributes say."""
    return access_context(Claims(issuer="i", name_id="u", attributes=attributes), prefix)


@given(
    values=st.dictionaries(
        st.sampled_from(sorted(SINGLE)), TEXTS.filter(lambda text: ":" not in text), max_size=13
    ),
    roles=st.lists(CODES, max_size=5),
    repeated=st.lists(st.integers(0, 20), max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_order_and_repetition_change_nothing(
    values: dict[str, str], roles: list[CodedValue], repeated: list[int], order: object
) -> None:
    """Or there are two values where one is expected, and nobody is let in."""
    pairs: list[Pair] = [*values.items(), *((XuaAttribute.ROLE.value, role) for role in roles)]
    pairs += [pairs[index % len(pairs)] for index in repeated if pairs]
    order.shuffle(pairs)  # type: ignore[attr-defined]
    wanted: dict[str, set[str]] = {}
    for name, value in values.items():
        wanted.setdefault(SINGLE[name], set()).add(value)
    if any(len(each) > 1 for each in wanted.values()):
        with pytest.raises(AmbiguousAttribute):
            context(*pairs)
        return
    found = context(*pairs)
    assert found.roles == {str(role) for role in roles}
    for field in set(SINGLE.values()):
        assert getattr(found, field) == next(iter(wanted.get(field, {None})))


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_two_values_where_one_is_expected(name: str) -> None:
    with pytest.raises(AmbiguousAttribute):
        context((name, "one"), (name, "two"))


def test_the_same_said_in_both_vocabularies() -> None:
    found = context((XuaAttribute.ORGANIZATION_ID, "2.999.4.7"), (OneIdAttribute.UAO, "2.999.4.7"))
    assert found.organization == "2.999.4.7"


def test_one_id() -> None:
    found = context(
        ("urn:x:FirstName", "Alex"),
        ("urn:x:LastName", "Fabricated"),
        ("urn:x:RID", "cpso:12345"),
        ("urn:x:UAO", "2.999.4.7"),
        ("urn:x:OBO", "cpso:456"),
        ("urn:x:Roles", "physician"),
        ("urn:x:Roles", "teacher"),
        ("urn:x:AuthenticationLevel", "2"),
        ("urn:x:PatientContextID", "P1001"),
        ("urn:x:PatientContextIDAuthority", "2.999.1.1"),
        prefix="urn:x:",
    )
    assert found == AccessContext(
        user="u",
        issuer="i",
        display_name="Alex Fabricated",
        licence="cpso:12345",
        organization="2.999.4.7",
        on_behalf_of="cpso:456",
        roles=frozenset({"physician", "teacher"}),
        assurance_level="2",
        resource_id="P1001^^^&2.999.1.1&ISO",
    )


def test_without_its_prefix_a_one_id_attribute_is_none() -> None:
    assert context(("UAO", "2.999.4.7"), prefix="urn:x:").organization is None


def test_identifiers_of_several_authorities() -> None:
    """The attribute may be repeated (3.40.4.1.2); one authority gives a provider one number."""
    ids = [InstanceIdentifier("2.999.6.1", "1"), InstanceIdentifier("2.999.6.2", "2")]
    name = XuaAttribute.PROVIDER_IDENTIFIER.value
    assert context(*((name, each) for each in ids)).licence == "1^^2.999.6.1"
    with pytest.raises(AmbiguousAttribute):
        context((name, ids[0]), (name, InstanceIdentifier("2.999.6.1", "3")))


def test_two_patients() -> None:
    with pytest.raises(AmbiguousAttribute):
        context(
            (XuaAttribute.RESOURCE_ID, "P1001^^^&2.999.1.1&ISO"),
            (OneIdAttribute.PATIENT_CONTEXT_ID, "P1002"),
            (OneIdAttribute.PATIENT_CONTEXT_ID_AUTHORITY, "2.999.1.1"),
        )


def test_how_the_user_authenticated_is_a_level_where_no_other_is_given() -> None:
    claims = Claims(issuer="i", name_id="u", authentication="urn:classes:X509")
    assert access_context(claims).assurance_level == "urn:classes:X509"
