"""Publishing: in order, refusals are told, an interrupted run goes on."""

from xds.model import DuplicateUniqueIdInRegistry, RegistryError, RegistryResponse
from xds.sandbox import SEED_MARKER, SUBMISSION_COUNT, SeedSubmission, publish_seed


class Registry:
    """Keeps the SubmissionSets that it is sent, as a registry does: each once."""

    def __init__(self) -> None:
        self.sets: list[str] = []

    def send(self, submission: SeedSubmission) -> RegistryResponse:
        if submission.unique_id in self.sets:
            context = f"SubmissionSet.uniqueId {submission.unique_id} is already registered. Use a new one"
            return RegistryResponse.of([DuplicateUniqueIdInRegistry(context)])
        self.sets.append(submission.unique_id)
        return RegistryResponse.of([])


def test_all_are_published_in_order() -> None:
    registry, steps = Registry(), []
    result = publish_seed(registry.send, lambda done, total: steps.append((done, total)))
    assert (result.published, result.already_there, result.refused) == (SUBMISSION_COUNT, 0, ())
    assert registry.sets[-1] == SEED_MARKER
    assert steps == [(number, SUBMISSION_COUNT) for number in range(1, SUBMISSION_COUNT + 1)]


def test_an_interrupted_run_goes_on() -> None:
    registry = Registry()
    publish_seed(registry.send)
    del registry.sets[20:]
    result = publish_seed(registry.send)
    assert (result.published, result.already_there, result.refused) == (SUBMISSION_COUNT - 20, 20, ())


def test_a_refusal_is_told_and_the_rest_is_published() -> None:
    registry = Registry()
    finding = RegistryError("no space left")

    def send(submission: SeedSubmission) -> RegistryResponse:
        return RegistryResponse.of([finding]) if not registry.sets else registry.send(submission)

    registry.sets.append("2.999.6.1")
    assert publish_seed(registry.send).refused == ()
    registry.sets.clear()
    result = publish_seed(send)
    assert result.published == 0
    assert len(result.refused) == SUBMISSION_COUNT
    assert result.refused[0].unique_id == "2.999.6.1001.1"
    assert result.refused[0].findings == (finding,)


def test_a_duplicate_of_another_object_is_a_refusal() -> None:
    context = "SubmissionSet.uniqueId 2.999.6.1001.10 is already registered"
    result = publish_seed(lambda _: RegistryResponse.of([DuplicateUniqueIdInRegistry(context)]))
    assert result.already_there == 0
    assert len(result.refused) == SUBMISSION_COUNT
