"""A partner with rules of its own, over real HTTP: at the registry, and through the repository."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, running
from tests.transactions.wire import PATH, Answer, envelope, post, send, send_mtom
from xds.model import Submission

ONTARIO = "2.999.7.3"
"""The sourceId of a partner that is held to a profile."""
LAB = "2.999.7.1"
"""Its sourceId; we are patient with a wrong languageCode, and strict else."""


@pytest.fixture(scope="module")
def tolerant(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Tolerant of the field, but for its partners."""
    folder = tmp_path_factory.mktemp("partners")
    settings = base_settings(new_database(), folder)
    settings["rules"] = {"levels": {"42-mime-type": "warning"}}
    settings["partners"] = [
        {"name": "nobody", "networks": ["192.0.2.0/24"], "levels": {"42-language-code": "off"}},
        {
            "name": "lab",
            "networks": ["127.0.0.0/8"],
            "source_ids": [LAB],
            "strictness": "strict",
            "levels": {"42-language-code": "warning"},
        },
        {
            "name": "ontario",
            "source_ids": [ONTARIO],
            "profile": "ontario",
            "levels": {"ontario-accession": "warning"},
        },
    ]
    with running(folder, settings) as started:
        yield started


def made(source_id: str, **changes: Any) -> Submission:
    whole = samples.submission(samples.entry(samples.fresh_patient(), **changes))
    (submission_set,) = whole.submission_sets
    return replace(whole, submission_sets=(replace(submission_set, source_id=source_id),))


def register(service: Service, submission: Submission) -> Answer:
    return send(service.port, "ITI-42", samples.register_body(submission))


def provide(service: Service, submission: Submission) -> Answer:
    documents = {item.entry_uuid: b"octets" for item in submission.document_entries}
    body, parts = samples.provide_body(samples.provided(submission), documents)
    return send_mtom(service.port, "ITI-41", body, *parts)


@pytest.mark.parametrize("transmit", [register, provide])
def test_the_partner_is_held_to_its_own_rules(
    tolerant: Service, transmit: Callable[[Service, Submission], Answer]
) -> None:
    changes = {"language_code": "en_CA", "source_patient_id": None, "mime_type": "pdf"}
    answer = transmit(tolerant, made(LAB, **changes))
    assert answer.result == "Failure"
    assert len(answer.contexts) == 3
    by_location = {item.rpartition(" ")[2]: word for item, word in severities(answer).items()}
    assert by_location == {"languageCode": "Warning", "sourcePatientId": "Error", "mimeType": "Warning"}


@pytest.mark.parametrize("transmit", [register, provide])
def test_everybody_else_to_those_of_the_domain(
    tolerant: Service, transmit: Callable[[Service, Submission], Answer]
) -> None:
    assert transmit(tolerant, made("2.999.7.2", source_patient_id=None)).result == "Success"
    refused = transmit(tolerant, made("2.999.7.2", language_code="en_CA"))
    assert list(severities(refused).values()) == ["Error"]


@pytest.mark.parametrize("transmit", [register, provide])
def test_a_profile_of_its_own(tolerant: Service, transmit: Callable[[Service, Submission], Answer]) -> None:
    """Its rules are warnings or errors by default, and by the partner's levels."""
    answer = transmit(tolerant, made(ONTARIO, reference_ids=(), language_code="de-CH"))
    found = {
        item.get("codeContext", ""): item.get("severity", "") for item in answer.elements("RegistryError")
    }
    (accession,) = [text for text in found if "urn:ihe:iti:xds:2013:accession" in text]
    assert found[accession].endswith("Warning")
    assert [item for item in found if "Send en-CA or fr-CA" in item]
    plain = transmit(tolerant, made("2.999.7.2", reference_ids=(), language_code="de-CH"))
    assert (plain.result, plain.elements("RegistryError")) == ("Success", [])


def test_warnings_alone_are_a_success(tolerant: Service) -> None:
    answer = provide(tolerant, made(LAB, language_code="en_CA"))
    assert (answer.result, list(severities(answer).values())) == ("Success", ["Warning"])


def severities(answer: Answer) -> dict[str, str]:
    """Location → Error or Warning."""
    return {
        item.get("location", ""): item.get("severity", "").rpartition(":")[2]
        for item in answer.elements("RegistryError")
    }


@pytest.mark.parametrize(
    ("network", "codes", "status"),
    [("127.0.0.0/8", [], 200), ("192.0.2.0/24", ["XDSRegistryError"], 400)],
)
def test_a_query_is_judged_by_where_it_comes_from(
    start: Callable[..., Service], network: str, codes: list[str], status: int
) -> None:
    """In strict an unknown parameter is refused; here one partner's are not, and its requests need no Action."""
    near = {"name": "near", "networks": [network], "strictness": "field"}
    service = start(rules={"strictness": "strict"}, partners=[near])
    body = samples.find_body(samples.fresh_patient(), samples.slot("$Unheard", "x"))
    answer = send(service.port, "ITI-18", body)
    assert answer.codes == codes
    without_action = post(service.port, PATH["ITI-18"], envelope("ITI-18", body, headers=b""))
    assert without_action.status == status


def test_unknown_rules_are_told_before_anything_is_served(
    new_database: Callable[[], str], start: Callable[..., Service]
) -> None:
    with pytest.raises(AssertionError, match="there is no rule 42-language; did you mean 42-language-code"):
        start(rules={"levels": {"42-language": "off"}})
