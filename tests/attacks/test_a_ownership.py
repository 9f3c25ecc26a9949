"""Attack list, row A1: a partner does in another's name, or to what is another's (security digest 3)."""

from dataclasses import replace

import pytest

from tests.attacks.target import REPOSITORY_OF_D, SOURCE_OF_D, SOURCES, Target
from tests.samples import updates
from tests.transactions import samples
from xds.client import RepositoryClient
from xds.model import AssociationType, AvailabilityStatus, DocumentEntry, DocumentRequest, Submission


def submitted(partner: str, made: Submission, source_id: str | None = None) -> Submission:
    """A submission under a sourceId; by default the partner's."""
    (submission_set,) = made.submission_sets
    of_source = replace(submission_set, source_id=source_id or SOURCES[partner])
    return replace(made, submission_sets=(of_source,))


def registered(target: Target, partner: str) -> DocumentEntry:
    """An entry that a partner has registered."""
    made = samples.with_uuids(samples.submission(samples.entry(samples.fresh_patient())))
    body = samples.register_body(submitted(partner, made))
    assert target.post("ITI-42", target.message(partner, body=body)).result == "Success"
    return made.document_entries[0]


def refused(target: Target, body: bytes, transaction: str, partner: str, says: str, rule: str) -> None:
    """The answer is a Failure that says what is wrong, nothing has changed, and the operator is told."""
    with target.unharmed(), target.restricted(rule, partner):
        answer = target.post(transaction, target.message(partner, transaction, body))
    assert answer.codes == ["XDSRegistryError"], answer.body
    assert says in answer.contexts[0]


def test_a1_it_registers_for_another(target: Target) -> None:
    body = samples.register_body(
        submitted(
            "partner-a", samples.submission(samples.entry(samples.fresh_patient())), SOURCES["partner-b"]
        )
    )
    refused(
        target, body, "ITI-42", "partner-a", "sourceId is '2.999.4.2': not partner-a's", "42-own-source-id"
    )


def test_a1_nobody_registers_for_a_partner_unsigned(target: Target) -> None:
    """ITI-61 need not be signed there: the sourceId of a partner is still not anybody's."""
    made = submitted("partner-a", samples.submission(samples.on_demand_entry(samples.fresh_patient())))
    with target.unharmed(), target.restricted("42-own-source-id", None):
        answer = target.post("ITI-61", target.unsigned("ITI-61", samples.register_body(made)))
    assert answer.codes == ["XDSRegistryError"]
    assert "a partner's, who has to prove who it is" in answer.contexts[0]


def test_a1_it_registers_what_is_in_anothers_repository(target: Target) -> None:
    """Of partner-d, which alone has repository_ids; what it provides here is in the service's own."""
    entry = samples.entry(samples.fresh_patient(), repository_unique_id=REPOSITORY_OF_D)
    body = samples.register_body(submitted("partner-a", samples.submission(entry)))
    says = f"repositoryUniqueId is '{REPOSITORY_OF_D}': not partner-a's"
    refused(target, body, "ITI-42", "partner-a", says, "42-own-repository")
    made = samples.provided(samples.submission(samples.entry(samples.fresh_patient(), entry_uuid="d0")))
    assert provides(target, "repository only", submitted("", made, SOURCE_OF_D)) == []


@pytest.mark.parametrize("kind", [AssociationType.RPLC, AssociationType.XFRM_RPLC])
def test_a1_it_replaces_anothers_document(target: Target, kind: AssociationType) -> None:
    of_b = registered(target, "partner-b")
    entry = samples.entry(of_b.patient_id or "")
    made = samples.with_associations(
        samples.submission(entry), samples.relation(kind, entry.entry_uuid, of_b.entry_uuid)
    )
    body = samples.register_body(submitted("partner-a", made))
    says = f"{of_b.entry_uuid}, a document entry, was submitted not by partner-a"
    refused(target, body, "ITI-42", "partner-a", says, "42-own-objects")
    own = samples.register_body(submitted("partner-b", made))
    assert target.post("ITI-42", target.message("partner-b", body=own)).result == "Success"


def test_a1_an_addendum_to_anothers_document_is_no_attack(target: Target) -> None:
    of_b = registered(target, "partner-b")
    entry = samples.entry(of_b.patient_id or "")
    made = samples.with_associations(
        samples.submission(entry), samples.relation(AssociationType.APND, entry.entry_uuid, of_b.entry_uuid)
    )
    body = samples.register_body(submitted("partner-a", made))
    assert target.post("ITI-42", target.message("partner-a", body=body)).result == "Success"


@pytest.mark.parametrize("is_signed", [True, False])
def test_a1_it_removes_anothers_objects(target: Target, is_signed: bool) -> None:
    made = samples.with_uuids(samples.submission(samples.entry(samples.fresh_patient())))
    body = samples.register_body(submitted("partner-b", made))
    assert target.post("ITI-42", target.message("partner-b", body=body)).result == "Success"
    removal = samples.remove_body(*samples.ids_of(made))
    with target.unharmed(), target.restricted("62-own-objects", "partner-a" if is_signed else None):
        if is_signed:
            answer = target.post("ITI-62", target.message("partner-a", "ITI-62", removal))
        else:
            answer = target.post("ITI-62", target.unsigned("ITI-62", removal))
    assert set(answer.codes) == {"XDSRegistryError"}
    assert len(answer.codes) == len(samples.ids_of(made))
    assert target.post("ITI-62", target.message("partner-b", "ITI-62", removal)).result == "Success"


def version_of(entry: DocumentEntry) -> Submission:
    """A submission with the next version of an entry."""
    version = replace(entry, entry_uuid="Version2", logical_id=entry.entry_uuid)
    return samples.updating(entry.patient_id or "", version)


@pytest.mark.parametrize("transaction", ["ITI-57", "ITI-92"])
def test_a1_it_updates_anothers_document(target: Target, transaction: str) -> None:
    entry = registered(target, "partner-b")
    body = samples.register_body(submitted("partner-a", version_of(entry)))
    says = f"{entry.entry_uuid}, a document entry, was submitted not by partner-a"
    refused(target, body, transaction, "partner-a", says, f"{transaction[4:]}-own-objects")
    own = samples.register_body(submitted("partner-b", version_of(entry)))
    assert target.post(transaction, target.message("partner-b", transaction, own)).result == "Success"


@pytest.mark.parametrize("transaction", ["ITI-57", "ITI-92"])
def test_a1_it_updates_in_anothers_name(target: Target, transaction: str) -> None:
    """Under the sourceId of whose document it is."""
    body = samples.register_body(submitted("partner-b", version_of(registered(target, "partner-b"))))
    message = target.message("partner-a", transaction, body)
    rules = f"42-own-source-id, {transaction[4:]}-own-objects"
    with target.unharmed(), target.restricted(rules, "partner-a"):
        answer = target.post(transaction, message)
    assert any("sourceId is '2.999.4.2': not partner-a's" in item for item in answer.contexts)


def test_a1_it_deprecates_anothers_document(target: Target) -> None:
    entry = registered(target, "partner-b")
    order = updates.status_order(entry.entry_uuid)
    made = samples.updating(entry.patient_id or "", more=[order])
    says = f"{entry.entry_uuid}, a document entry, was submitted not by partner-a"
    body = samples.register_body(submitted("partner-a", made))
    refused(target, body, "ITI-57", "partner-a", says, "57-own-objects")
    own = samples.register_body(submitted("partner-b", made))
    assert target.post("ITI-57", target.message("partner-b", "ITI-57", own)).result == "Success"


def provides(target: Target, partner: str, made: Submission) -> list[str]:
    """Contexts of the errors of an ITI-41 of a document each."""
    documents = {item.entry_uuid: b"Normal." for item in made.document_entries}
    with RepositoryClient(target.to("ITI-41"), signing=target.identities[partner]) as client:
        return [item.context for item in client.provide(made, documents).findings]


def test_a1_it_provides_for_another(target: Target) -> None:
    made = samples.provided(samples.submission(samples.entry(samples.fresh_patient(), entry_uuid="d0")))
    with target.unharmed(), target.restricted("41-own-source-id", "partner-a"):
        assert "not partner-a's" in provides(target, "partner-a", submitted("partner-b", made))[0]


def test_a1_it_provides_a_replacement_of_anothers_document(target: Target) -> None:
    """One alert, of who sent it: the registry in the same process tells of itself nothing that was told."""
    of_b = registered(target, "partner-b")
    made = samples.submission(samples.entry(of_b.patient_id or "", entry_uuid="d0"))
    replacement = samples.relation(AssociationType.RPLC, "d0", of_b.entry_uuid)
    made = samples.provided(samples.with_associations(made, replacement))
    with target.restricted("42-own-objects", "partner-a"):
        assert (
            "was submitted not by partner-a" in provides(target, "partner-a", submitted("partner-a", made))[0]
        )


@pytest.fixture(scope="module")
def of_b(target: Target) -> str:
    """uniqueId of a document that partner-b provided."""
    patient = samples.fresh_patient()
    entry = samples.entry(patient, entry_uuid="d0")
    made = submitted("partner-b", samples.provided(samples.submission(entry)))
    with RepositoryClient(target.to("ITI-41"), signing=target.identities["partner-b"]) as client:
        assert client.provide(made, {"d0": b"No findings."}).is_success
    return entry.unique_id or ""


def asked(target: Target, partner: str | None, unique_id: str) -> list[str]:
    """Codes of an ITI-43 for a document; none when it came."""
    signing = None if partner is None else target.identities[partner]
    wanted = DocumentRequest(repository_unique_id=samples.REPOSITORY, document_unique_id=unique_id)
    with RepositoryClient(target.to("ITI-43"), signing=signing) as client:
        return [item.code for item in client.retrieve_bytes([wanted]).response.findings]


def test_a1_it_retrieves_anothers_document(target: Target, of_b: str) -> None:
    """By default a partner reads its own; another's is answered like one that is not there."""
    alerts = target.alerts()
    unknown = asked(target, "partner-a", samples.fresh_oid())
    assert target.alerts() == alerts
    with target.restricted("43-own-documents", "partner-a"):
        assert asked(target, "partner-a", of_b) == unknown == ["XDSDocumentUniqueIdError"]
    assert asked(target, "partner-b", of_b) == []


@pytest.mark.parametrize("partner", ["partner-a", None])
def test_a1_it_removes_anothers_document(target: Target, of_b: str, partner: str | None) -> None:
    signing = None if partner is None else target.identities[partner]
    wanted = DocumentRequest(repository_unique_id=samples.REPOSITORY, document_unique_id=of_b)
    with (
        target.unharmed(),
        target.restricted("86-own-documents", partner),
        RepositoryClient(target.to("ITI-86"), signing=signing) as client,
    ):
        assert not client.remove([wanted]).is_success
    assert asked(target, "partner-b", of_b) == []


def test_a1_a_refusal_tells_nothing_of_anothers_document(target: Target) -> None:
    """Nor its uniqueId, its version, its status, or what it is linked with: no query shows what consent withholds."""
    entry = registered(target, "partner-b")
    guess = replace(entry, unique_id=samples.fresh_oid(), object_type="urn:uuid:0")
    order = updates.status_order(entry.entry_uuid, original=AvailabilityStatus.DEPRECATED)
    for body, transaction, rule in (
        (samples.register_body(submitted("partner-a", version_of(guess))), "ITI-57", "57-own-objects"),
        (
            samples.register_body(
                submitted("partner-a", samples.updating(entry.patient_id or "", more=[order]))
            ),
            "ITI-57",
            "57-own-objects",
        ),
        (samples.remove_body(entry.entry_uuid), "ITI-62", "62-own-objects"),
    ):
        message = target.message("partner-a", transaction, body)
        with target.unharmed(), target.restricted(rule, "partner-a"):
            answer = target.post(transaction, message)
        (said,) = answer.contexts
        assert "a document entry, was submitted not by partner-a" in said
        assert (entry.unique_id or "") not in answer.body.decode()
