"""A feed comes back as it was written, and what partners write in other ways is read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.samples.feeds import AUTHORITY, feed, patient_id
from tests.samples.strategies import texts
from xds.hl7v3 import decode_patient_feed, encode_patient_feed
from xds.model import InstanceIdentifier, Interaction, OtherIds, PatientFeed, PatientName
from xds.xml.namespaces import HL7

H = f"{{{HL7}}}"


def element(item: PatientFeed) -> etree._Element:
    return etree.fromstring(encode_patient_feed(item))


def words() -> st.SearchStrategy[str]:
    """Text as white space is folded in it."""
    return texts().map(lambda text: " ".join(text.split()))


oids = st.lists(st.integers(0, 10**6), min_size=1, max_size=4).map(
    lambda arcs: ".".join(["2.999", *map(str, arcs)])
)
# Ids are stripped at both ends and otherwise kept.
extensions = texts().map(str.strip)
identifiers = st.builds(InstanceIdentifier, oids, extensions.filter(bool))
names = st.builds(
    PatientName,
    family=words().map(lambda text: text or None),
    given=st.lists(words().filter(bool), max_size=3).map(tuple),
    prefix=st.none() | words().filter(bool),
    suffix=st.none() | words().filter(bool),
)


@st.composite
def feeds(draw: st.DrawFn) -> PatientFeed:
    interaction = draw(st.sampled_from(Interaction))
    merge = interaction is Interaction.DUPLICATES_RESOLVED
    priors = tuple(draw(st.lists(identifiers, min_size=1, max_size=2))) if merge else ()
    return feed(
        interaction,
        message_id=draw(identifiers),
        patient_ids=tuple(draw(st.lists(identifiers, min_size=1, max_size=3))),
        names=tuple(name for name in draw(st.lists(names, max_size=2)) if name != PatientName()),
        other_ids=tuple(
            OtherIds(ids=(item,), organization=(InstanceIdentifier(item.root),))
            for item in draw(st.lists(identifiers, max_size=2))
        ),
        gender=draw(st.sampled_from(["", "M", "F", "UN"])),
        birth_time=draw(st.sampled_from(["", "1980", "198002291530"])),
        prior_ids=priors,
        replacements=len(priors),
    )


@given(feeds())
def test_round_trip(item: PatientFeed) -> None:
    assert decode_patient_feed(element(item)) == item


@pytest.mark.parametrize("interaction", Interaction)
def test_prefixes_and_comments_do_not_matter(interaction: Interaction) -> None:
    text = encode_patient_feed(feed(interaction)).decode()
    prefixed = text.replace("<", "<h:").replace("<h:/", "</h:").replace("xmlns=", "xmlns:h=")
    prefixed = prefixed.replace("<h:family>", "<h:family><!-- c -->\n  ")
    assert decode_patient_feed(etree.fromstring(prefixed)) == decode_patient_feed(etree.fromstring(text))


def test_a_name_whose_parts_are_not_told_apart_is_all_family_name() -> None:
    root = element(feed())
    (name,) = root.iter(H + "name")
    for part in list(name):
        name.remove(part)
    name.text = "  Ève\n Roy "
    assert decode_patient_feed(root).names == (PatientName(family="Ève Roy"),)


def test_the_legal_name_comes_first() -> None:
    root = element(feed(names=(PatientName(family="Nickname"), PatientName(family="Roy"))))
    _, legal = root.iter(H + "name")
    legal.set("use", "C L")
    assert [name.family for name in decode_patient_feed(root).names] == ["Roy", "Nickname"]


def test_what_has_a_null_flavor_is_not_there() -> None:
    root = element(feed(names=()))
    assert decode_patient_feed(root).names == ()
    (ident,) = root.iterfind(".//" + H + "patient/" + H + "id")
    ident.attrib.clear()
    ident.set("nullFlavor", "UNK")
    assert decode_patient_feed(root).patient_ids == ()


@pytest.mark.parametrize("gone", ["controlActProcess", "sender", "receiver", "id", "interactionId"])
def test_what_is_missing_is_empty(gone: str) -> None:
    root = element(feed())
    for item in root.findall(H + gone):
        root.remove(item)
    before = etree.tostring(root)
    found = decode_patient_feed(root)
    empty: dict[str, Any] = {
        "controlActProcess": {"subjects": 0, "patient_ids": (), "names": (), "trigger": ""},
        "sender": {"sender": ()},
        "receiver": {"receivers": ()},
        "id": {"message_id": None},
        "interactionId": {"interaction_id": None},
    }[gone]
    assert replace(found, **empty) == found
    assert etree.tostring(root) == before, "reading a message leaves it as it is"


def test_another_message_is_none_of_these() -> None:
    with pytest.raises(ValueError, match="QUPC_IN043100UV01"):
        decode_patient_feed(etree.Element(H + "QUPC_IN043100UV01"))


@pytest.mark.parametrize("extension", ["", "P^1", "P&1", "P|1", "P~1", "P\u20281"])
def test_an_id_that_no_cx_can_say(extension: str) -> None:
    assert patient_id(extension).as_patient_id() is None
    assert patient_id("P1", root="NAMESPACE").as_patient_id() is None
    assert str(patient_id("P 1").as_patient_id()) == f"P 1^^^&{AUTHORITY}&ISO"
