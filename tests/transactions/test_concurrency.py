"""Parallel messages over connections of their own: what comes out is what some order of them gives."""

import base64
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.samples import builders
from tests.transactions import samples
from tests.transactions.conftest import Service
from tests.transactions.serial import Move, Outcome, Provide, Register, State, assert_serial, state_of
from tests.transactions.wire import send
from xds.model import AssociationType, DocumentEntry, Folder, Submission

RPLC, XFRM, APND = AssociationType.RPLC, AssociationType.XFRM, AssociationType.APND
DEPRECATED: Outcome = ("XDSRegistryDeprecatedDocumentError",)
USED: Outcome = ("XDSDuplicateUniqueIdInRegistry",)
ROUNDS = 6


def of(*entries: DocumentEntry, **changes: Any) -> Submission:
    """A submission whose every id is a UUID, so that what comes out can be compared."""
    made = samples.submission(*entries, **changes)
    (the_set,) = made.submission_sets
    fresh = replace(the_set, entry_uuid=samples.fresh_uuid())
    owned = [
        replace(item, entry_uuid=samples.fresh_uuid(), source=fresh.entry_uuid) for item in made.associations
    ]
    return replace(made, submission_sets=(fresh,), associations=tuple(owned))


def relating(kind: AssociationType, entry: DocumentEntry, target: DocumentEntry) -> Register:
    return Register(
        samples.with_associations(of(entry), samples.relation(kind, entry.entry_uuid, target.entry_uuid))
    )


def in_folder(made: Submission, folder: Folder, entry_uuid: str, *, is_new: bool = False) -> Submission:
    (the_set,) = made.submission_sets
    member = builders.has_member(folder.entry_uuid, entry_uuid, entry_uuid=samples.fresh_uuid())
    more = [
        member,
        builders.has_member(the_set.entry_uuid, member.entry_uuid, entry_uuid=samples.fresh_uuid()),
    ]
    if is_new:
        of_set = builders.has_member(the_set.entry_uuid, folder.entry_uuid, entry_uuid=samples.fresh_uuid())
        made, more = replace(made, folders=(folder,)), [of_set, *more]
    return samples.with_associations(made, *more)


def new_folder(patient: str, **changes: Any) -> Folder:
    fields = {"entry_uuid": samples.fresh_uuid(), "unique_id": samples.fresh_oid(), "patient_id": patient}
    return builders.folder(last_update_time=None, **fields | changes)


def test_of_replacements_of_one_document_one_wins(service: Service) -> None:
    for _ in range(ROUNDS):
        patient = samples.fresh_patient()
        original = samples.entry(patient)
        kinds = (RPLC, RPLC, AssociationType.XFRM_RPLC, RPLC)
        moves = [relating(kind, samples.entry(patient), original) for kind in kinds]
        answers = assert_serial(service, patient, [Register(of(original))], moves)
        assert Counter(answers) == {(): 1, DEPRECATED: 3}


def test_what_is_appended_meanwhile_is_deprecated_or_refused(service: Service) -> None:
    """ITI TF-2 3.42.4.1.3.5: a replacement deprecates the addenda and transformations of its target."""
    for _ in range(ROUNDS):
        patient = samples.fresh_patient()
        original = samples.entry(patient)
        moves = [
            relating(RPLC, samples.entry(patient), original),
            relating(APND, samples.entry(patient), original),
            relating(XFRM, samples.entry(patient), original),
            relating(APND, samples.entry(patient), original),
        ]
        answers = assert_serial(service, patient, [Register(of(original))], moves)
        assert answers[0] == ()


def test_one_uniqueid_of_a_document_has_one_content(service: Service) -> None:
    for _ in range(ROUNDS):
        patient, unique_id = samples.fresh_patient(), samples.fresh_oid()
        hashes = (f"{1:040x}", f"{2:040x}", f"{1:040x}", f"{3:040x}")
        moves = [
            Register(of(samples.entry(patient, unique_id=unique_id, hash=sha1, size=size)))
            for sha1, size in zip(hashes, ("1", "2", "1", "2"), strict=True)
        ]
        answers = assert_serial(service, patient, [], moves)
        assert answers.count(()) in (1, 2)


def test_one_uniqueid_of_provided_documents_has_one_content(service: Service) -> None:
    """By ITI-41: the repository serves the content that was registered, whole."""
    for _ in range(ROUNDS):
        patient, unique_id = samples.fresh_patient(), samples.fresh_oid()
        contents = (b"first", b"second, longer", b"first", b"third")
        moves = [
            Provide(of(samples.entry(patient, unique_id=unique_id, hash=None, size=None)), content)
            for content in contents
        ]
        answers = assert_serial(service, patient, [], moves)
        registered = {content for content, answer in zip(contents, answers, strict=True) if not answer}
        assert len(registered) == 1
        answer = send(service.port, "ITI-43", samples.retrieve_body(unique_id))
        (document,) = answer.elements("Document")
        assert {base64.b64decode(document.text or "")} == registered


def test_one_uniqueid_of_a_submission_set_is_taken_once(service: Service) -> None:
    for _ in range(ROUNDS):
        patient, unique_id = samples.fresh_patient(), samples.fresh_oid()
        made = [of(samples.entry(patient)) for _ in range(4)]
        moves = [
            Register(replace(one, submission_sets=(replace(one.submission_sets[0], unique_id=unique_id),)))
            for one in made
        ]
        answers = assert_serial(service, patient, [], moves)
        assert Counter(answers) == {(): 1, USED: 3}


def test_one_uniqueid_of_a_document_a_folder_and_a_submission_set(service: Service) -> None:
    """Whoever comes first has it."""
    for _ in range(ROUNDS):
        patient, unique_id = samples.fresh_patient(), samples.fresh_oid()
        of_set, of_folder = of(samples.entry(patient)), of(samples.entry(patient))
        of_set = replace(of_set, submission_sets=(replace(of_set.submission_sets[0], unique_id=unique_id),))
        entry_uuid = of_folder.document_entries[0].entry_uuid
        folder = new_folder(patient, unique_id=unique_id)
        moves = [
            Register(of_set),
            Register(in_folder(of_folder, folder, entry_uuid, is_new=True)),
            Register(of(samples.entry(patient, unique_id=unique_id))),
        ]
        assert_serial(service, patient, [], moves)


def test_one_entryuuid_is_registered_once(service: Service) -> None:
    for _ in range(ROUNDS):
        patient, entry_uuid = samples.fresh_patient(), samples.fresh_uuid()
        moves = [Register(of(samples.entry(patient, entry_uuid=entry_uuid))) for _ in range(3)]
        answers = assert_serial(service, patient, [], moves)
        assert Counter(answers) == {(): 1, ("XDSRegistryMetadataError",): 2}


def test_one_folder_takes_what_all_put_into_it(service: Service) -> None:
    """Beside a replacement of a document in it, which the registry puts in by itself (3.42.4.1.3.5)."""
    for _ in range(ROUNDS):
        patient = samples.fresh_patient()
        original, folder = samples.entry(patient), new_folder(patient)
        first = in_folder(of(original), folder, original.entry_uuid, is_new=True)
        added = [samples.entry(patient) for _ in range(3)]
        moves: list[Move] = [Register(in_folder(of(entry), folder, entry.entry_uuid)) for entry in added]
        moves.append(relating(RPLC, samples.entry(patient), original))
        answers = assert_serial(service, patient, [Register(first)], moves)
        assert set(answers) == {()}


def test_a_document_that_is_replaced_while_it_enters_a_folder(service: Service) -> None:
    """It enters and the replacement follows, or it is refused as Deprecated."""
    for _ in range(ROUNDS):
        patient = samples.fresh_patient()
        original, other = samples.entry(patient), samples.entry(patient)
        folder = new_folder(patient)
        first = in_folder(of(other), folder, other.entry_uuid, is_new=True)
        before = [Register(first), Register(of(original))]
        entering = replace(of(samples.entry(patient)), document_entries=(), associations=())
        moves = [
            Register(in_folder(entering, folder, original.entry_uuid)),
            relating(RPLC, samples.entry(patient), original),
        ]
        answers = assert_serial(service, patient, before, moves)
        assert answers[1] == ()
        assert answers[0] in ((), DEPRECATED)


@pytest.mark.parametrize("seed", range(4))
def test_anything_at_once(service: Service, seed: int) -> None:
    """Five messages drawn from all of the above, on the same two documents and the same Folder."""
    chosen = random.Random(seed)  # noqa: S311  # which messages, not a secret
    patient = samples.fresh_patient()
    first, second, folder = samples.entry(patient), samples.entry(patient), new_folder(patient)
    before = [
        Register(in_folder(of(first), folder, first.entry_uuid, is_new=True)),
        Register(of(second)),
    ]
    moves: list[Move] = []
    for _ in range(5):
        target = chosen.choice((first, second))
        entry = samples.entry(patient, unique_id=chosen.choice((target.unique_id, samples.fresh_oid())))
        if chosen.random() < 0.3:
            moves.append(Register(in_folder(of(entry), folder, entry.entry_uuid)))
        elif chosen.random() < 0.2:
            moves.append(Register(in_folder(of(entry), folder, target.entry_uuid)))
        else:
            moves.append(relating(chosen.choice((RPLC, RPLC, XFRM, APND)), entry, target))
    assert_serial(service, patient, before, moves)


def test_what_no_order_gives_is_seen(service: Service) -> None:
    """The check itself: content that lacks one association is not the outcome of any order."""
    patient = samples.fresh_patient()
    original = samples.entry(patient)
    moves = [relating(APND, samples.entry(patient), original) for _ in range(2)]

    def forgetful(asked: Service, patient_id: str) -> State:
        whole = state_of(asked, patient_id)
        return whole - {next(item for item in whole if item[0] == APND.value)}

    with pytest.raises(AssertionError, match="those of no order"):
        assert_serial(service, patient, [Register(of(original))], moves, look=forgetful)
