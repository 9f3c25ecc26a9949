"""Which instances of a RAD-69 request are asked for properly."""

from dataclasses import replace

import pytest

from xds.model import InstanceRequest, InstancesRequest
from xds.rules import check_imaging_retrieval

SOURCES = {"2.999.50.1", "2.999.50.2"}
HOME = "urn:oid:2.999.40.1"
GOOD = InstanceRequest(
    study_instance_uid="2.999.7.1",
    series_instance_uid="2.999.7.1.1",
    document_unique_id="2.999.7.1.1.1",
    repository_unique_id="2.999.50.1",
)
EXPLICIT = ("1.2.840.10008.1.2.1",)

BROKEN = [
    ("69-request", "XDSRepositoryError", (), EXPLICIT),
    ("69-limit", "XDSTooManyResults", (GOOD,) * 6, EXPLICIT),
    ("69-transfer-syntaxes", "XDSRepositoryError", (GOOD,), ("",)),
    ("69-transfer-syntaxes", "XDSRepositoryError", (GOOD,), ()),
    ("69-home", "XDSUnknownCommunity", (replace(GOOD, home_community_id="urn:oid:2.999.9"),), EXPLICIT),
    ("69-source", "XDSUnknownRepositoryId", (replace(GOOD, repository_unique_id="2.999.2.1"),), EXPLICIT),
    ("69-source", "XDSUnknownRepositoryId", (replace(GOOD, repository_unique_id=""),), EXPLICIT),
    ("69-study", "XDSRepositoryError", (replace(GOOD, study_instance_uid=""),), EXPLICIT),
    ("69-series", "XDSRepositoryError", (replace(GOOD, series_instance_uid=""),), EXPLICIT),
    ("69-instance", "XDSDocumentUniqueIdError", (replace(GOOD, document_unique_id=""),), EXPLICIT),
]


@pytest.mark.parametrize(("rule", "code", "instances", "syntaxes"), BROKEN)
def test_rule(
    rule: str, code: str, instances: tuple[InstanceRequest, ...], syntaxes: tuple[str, ...]
) -> None:
    request = InstancesRequest(instances=instances, transfer_syntax_uids=syntaxes)
    served, found = check_imaging_retrieval(request, SOURCES, HOME, 5)
    assert served == []
    assert [(item.rule, item.code) for item in found] == [(rule, code)]


def test_what_is_served() -> None:
    """Each once, in its order; one that is refused costs no other."""
    other = replace(GOOD, document_unique_id="2.999.7.1.1.2", home_community_id=HOME.removeprefix("urn:oid:"))
    wrong = replace(GOOD, document_unique_id="2.999.7.1.1.3", repository_unique_id="2.999.2.1")
    request = InstancesRequest(instances=(GOOD, wrong, other, GOOD), transfer_syntax_uids=EXPLICIT)
    served, found = check_imaging_retrieval(request, SOURCES, HOME, 5)
    assert served == [GOOD, other]
    assert [item.location for item in found] == ["2.999.7.1.1.3"]
