"""Rules of RAD-69: which of the instances asked for are asked for properly (RAD TF-2 4.69.4.1.2, 4.69.4.2.3)."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Final

from xds.model import (
    DocumentUniqueIdError,
    InstanceRequest,
    InstancesRequest,
    RepositoryError,
    TooManyResults,
    UnknownCommunity,
    UnknownRepositoryId,
    XdsError,
)
from xds.rules.retrieval import other_community
from xds.rules.rule import Found, Rule, RuleBook, RulePolicy, run
from xds.rules.wording import quoted

_ANY: Final = RulePolicy()  # no level lowers these rules


@dataclass(frozen=True, slots=True)
class ImagingCase:
    """A whole RetrieveImagingDocumentSetRequest."""

    request: InstancesRequest
    limit: int


@dataclass(frozen=True, slots=True)
class InstanceCase:
    """One instance asked for, and the sources that are known here."""

    request: InstanceRequest
    sources: Set[str]  # Retrieve Location UIDs
    home_community_id: str | None


_WHOLE: Final[RuleBook[ImagingCase]] = RuleBook("RAD TF-2 4.69.4.1.2", ("RAD-69",))
_EACH: Final[RuleBook[InstanceCase]] = RuleBook("RAD TF-2 4.69.4.2.3", ("RAD-69",))


@_WHOLE.rule(
    "69-request",
    error=RepositoryError,
    title="At least one instance is asked for.",
    remedy="Send a DocumentRequest for each instance, in its StudyRequest and SeriesRequest",
    essential=True,
)
def request(case: ImagingCase) -> Iterator[Found]:
    """DocumentRequest is in ITI's namespace, what is around it in RAD's."""
    if not case.request.instances:
        yield "DocumentRequest", "No DocumentRequest found within a StudyRequest and SeriesRequest"


@_WHOLE.rule(
    "69-limit",
    error=TooManyResults,
    section="ours: a limit of this service",
    title="No more instances are asked for at once than the limit.",
    remedy="Ask in several requests",
    essential=True,
)
def limit(case: ImagingCase) -> Iterator[Found]:
    """Nothing is served beyond it."""
    count = len(case.request.instances)
    if count > case.limit:
        yield "", f"{count} instances are asked for, at most {case.limit} are served"


@_WHOLE.rule(
    "69-transfer-syntaxes",
    error=RepositoryError,
    title="TransferSyntaxUIDList has at least one transfer syntax.",
    remedy="Send the transfer syntaxes that can be decoded, such as 1.2.840.10008.1.2.1",
    essential=True,
)
def transfer_syntaxes(case: ImagingCase) -> Iterator[Found]:
    """A list of one empty UID is none."""
    if not any(case.request.transfer_syntax_uids):
        yield "TransferSyntaxUIDList", "No TransferSyntaxUID found"


@_EACH.rule(
    "69-home",
    error=UnknownCommunity,
    title="HomeCommunityId, if sent, is that of this community.",
    remedy="Leave it out, or send this community's",
    essential=True,
)
def home(case: InstanceCase) -> Iterator[Found]:
    """Only judged where this community has one."""
    yield from other_community(case.request, case.home_community_id)


@_EACH.rule(
    "69-source",
    error=UnknownRepositoryId,
    title="RepositoryUniqueId is the Retrieve Location UID of a source that is known here.",
    remedy="Send the Retrieve Location UID (0040,E011) of the series, not the repositoryUniqueId of the manifest",
    essential=True,
)
def source(case: InstanceCase) -> Iterator[Found]:
    """The commonest mistake: the manifest's own repository holds no images."""
    asked = case.request.repository_unique_id
    if asked not in case.sources:
        what = f"{quoted(asked)} is no source of images here" if asked else "RepositoryUniqueId is missing"
        yield case.request.document_unique_id, what


@_EACH.rule(
    "69-study",
    error=RepositoryError,
    title="An instance is asked for within its study.",
    remedy="Send its Study Instance UID as StudyRequest/@studyInstanceUID",
    essential=True,
)
def study(case: InstanceCase) -> Iterator[Found]:
    """Whether the instance is of that study is seen when it comes."""
    if not case.request.study_instance_uid:
        yield case.request.document_unique_id, "studyInstanceUID is empty"


@_EACH.rule(
    "69-series",
    error=RepositoryError,
    title="An instance is asked for within its series.",
    remedy="Send its Series Instance UID as SeriesRequest/@seriesInstanceUID",
    essential=True,
)
def series(case: InstanceCase) -> Iterator[Found]:
    """As for the study."""
    if not case.request.series_instance_uid:
        yield case.request.document_unique_id, "seriesInstanceUID is empty"


@_EACH.rule(
    "69-instance",
    error=DocumentUniqueIdError,
    title="DocumentUniqueId is a SOP Instance UID.",
    remedy="Send the SOP Instance UID of the manifest's Referenced SOP Sequence",
    essential=True,
)
def instance(case: InstanceCase) -> Iterator[Found]:
    """Whether there is such an instance is found when it is asked of its source."""
    if not case.request.document_unique_id:
        yield "", "DocumentUniqueId is empty"


IMAGING_RETRIEVAL: Final[tuple[Rule[ImagingCase], ...]] = _WHOLE.rules
INSTANCE_RETRIEVAL: Final[tuple[Rule[InstanceCase], ...]] = _EACH.rules


def check_imaging_retrieval(
    request: InstancesRequest, sources: Set[str], home_community_id: str | None, limit: int
) -> tuple[list[InstanceRequest], list[XdsError]]:
    """Divide a request into what is asked of the sources and what is refused.

    An instance that is asked for twice is served once.

    Returns
    -------
    The instances to serve, in their order, and the findings; what is wrong with the whole request refuses all of it.
    """
    if findings := run(IMAGING_RETRIEVAL, ImagingCase(request, limit), _ANY):
        return [], findings
    served: dict[str, InstanceRequest] = {}
    for item in request.instances:
        refused = run(INSTANCE_RETRIEVAL, InstanceCase(item, sources, home_community_id), _ANY)
        if refused:
            findings += refused
        else:
            served.setdefault(item.document_unique_id, item)
    return list(served.values()), findings
