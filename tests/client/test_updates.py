"""Submissions of updates that the client makes are such as a registry takes."""

from dataclasses import replace

import pytest

from tests.samples import builders
from tests.samples.builders import REGISTERED_ENTRY, REGISTERED_FOLDER
from tests.samples.updates import update_facts
from xds.client import new_version, status_update
from xds.model import AvailabilityStatus, DocumentEntry, Folder
from xds.rules import RESTRICTED_UPDATE, UPDATE, RulePolicy, check_update

STRICT = RulePolicy(strictness="strict")
FACTS = update_facts()
REPORT, FOLDER = FACTS.latest[REGISTERED_ENTRY], FACTS.latest[REGISTERED_FOLDER]


@pytest.mark.parametrize("latest", [REPORT, FOLDER], ids=["entry", "folder"])
@pytest.mark.parametrize("propagates", [True, False])
def test_a_new_version_is_in_order(latest: DocumentEntry | Folder, propagates: bool) -> None:
    made = new_version(
        latest, source_id="2.999.3.1", propagates=propagates, title=builders.text("Another title")
    )
    assert check_update(UPDATE, made, FACTS, STRICT) == []
    (item,) = made.document_entries or made.folders
    assert item == replace(
        latest,
        entry_uuid=item.entry_uuid,
        title=builders.text("Another title"),
    )
    if isinstance(latest, DocumentEntry):
        assert check_update(RESTRICTED_UPDATE, made, FACTS, STRICT) == []


def test_a_first_version_without_a_lid_is_its_own() -> None:
    made = new_version(replace(REPORT, logical_id=None), source_id="2.999.3.1")
    assert made.document_entries[0].logical_id == REGISTERED_ENTRY


def test_an_attribute_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="Folder has not every attribute of: mime_type"):
        new_version(FOLDER, source_id="2.999.3.1", mime_type="text/plain")


@pytest.mark.parametrize("item", [REPORT, FOLDER], ids=["entry", "folder"])
def test_a_status_update_is_in_order(item: DocumentEntry | Folder) -> None:
    made = status_update(item, AvailabilityStatus.DEPRECATED, source_id="2.999.3.1")
    assert check_update(UPDATE, made, FACTS, STRICT) == []
