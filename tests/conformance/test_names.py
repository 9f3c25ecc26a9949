"""Names in plans: fresh, the same for the same seed, and told when nobody gives them."""

import hashlib
from datetime import UTC, datetime

import msgspec
import pytest

from xds.conformance import Plan, Target, load_plans
from xds.conformance.names import Names, NoPatientLeft, UnknownName
from xds.model import parse_patient_id

PLAN: Plan = msgspec.structs.replace(load_plans()[0], documents={"one": "of ${cx.patient}"})


def names(seed: str = "a", target: Target | None = None) -> Names:
    target = target or Target()
    return Names(
        PLAN, target, seed=seed, patients=iter(target.patients), began=datetime(2026, 1, 2, tzinfo=UTC)
    )


def test_the_same_seed_gives_the_same() -> None:
    template = "${uuid.a} ${oid.a} ${cx.a} ${id.a} ${now} ${authority}"
    assert names().text(template) == names().text(template)
    assert names().text("${uuid.a}") != names("b").text("${uuid.a}")
    assert names().text("${uuid.a}") != names().text("${uuid.b}")
    assert names()["now"] == "20260102000000"


def test_ids_have_their_forms() -> None:
    found = names()
    assert found["uuid.a"].startswith("urn:uuid:")
    assert found["uuid.a"][23] == "4"
    assert found["oid.a"].startswith("2.999.71.")
    assert len(found["oid.a"]) <= 64
    assert parse_patient_id(found["cx.a"]) is not None
    assert found["cx.a"] == f"{found['id.a']}^^^&2.999.1.1&ISO"


def test_a_document_knows_its_hash() -> None:
    found = names()
    octets = f"of {found['cx.patient']}".encode()
    assert found.document("one") == octets
    assert found["sha1.one"] == hashlib.sha1(octets, usedforsecurity=False).hexdigest()
    assert found["size.one"] == str(len(octets))
    assert found.document("another").startswith(b"Fabricated document another")


def test_what_is_put_into_xml_is_escaped() -> None:
    assert "&amp;2.999.1.1&amp;" in names().text("${cx.a}", xml=True)
    assert "&amp;" not in names().text("${cx.a}")


@pytest.mark.parametrize("name", ["captured", "code.nobody", "urn.nobody", "nobody.a"])
def test_what_nobody_gives_is_told(name: str) -> None:
    with pytest.raises(UnknownName, match=name):
        names().text(f"${{{name}}}")


def test_listed_patients_are_used_once() -> None:
    target = Target(patients=("A^^^&2.999.1.1&ISO",))
    found = names(target=target)
    assert found["cx.patient"] == "A^^^&2.999.1.1&ISO"
    assert found["cx.stranger"].startswith("C"), "who is meant to be unknown comes from no list"
    again = Names(PLAN, target, seed="a", patients=iter(()))
    with pytest.raises(NoPatientLeft):
        again["cx.patient"]


def test_codes_of_the_target_come_first() -> None:
    assert names(target=Target(codes={"class_code": "X^^2.999"}))["code.class_code"] == "X^^2.999"
