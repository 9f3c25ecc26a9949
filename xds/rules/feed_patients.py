"""Rules of ITI-44 on the patient and the ids of a merge (ITI TF-2 3.44.4.1.4, 3.44.4.2.4, Appendix E)."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from xds.model import (
    BusinessRuleViolation,
    DataTypeError,
    RequiredAttributeMissing,
    UnknownKeyIdentifier,
    ValueNotInCodeSystem,
    WrongNumber,
    is_oid,
)
from xds.rules.feed_case import PATIENT, PRIOR, PRIOR_ID, FeedCase, birth_date
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[FeedCase]] = RuleBook("ITI TF-2 3.44.4.1.2.3", ("ITI-44",))


@BOOK.rule(
    "44-name",
    error=RequiredAttributeMissing,
    section="ITI TF-2 Table 3.44.4.1.2.2-1",
    title="The patient is a person with a name.",
    remedy="Send patientPerson/name",
    strict_only=True,
)
def name(case: FeedCase) -> Iterator[Found]:
    """The registry works with the id alone."""
    if not case.feed.names:
        yield f"{PATIENT}/patientPerson/name", "The person has no name"


@BOOK.rule(
    "44-birth-time",
    error=DataTypeError,
    section="ITI TF-2 Table 3.44.4.1.2.2-1",
    title="birthTime is a time: YYYY[MM[DD[hh[mm[ss]]]]].",
    remedy="Send digits from the year on, or no birthTime",
    strict_only=True,
)
def birth_time(case: FeedCase) -> Iterator[Found]:
    """Its value is the patient's: it is not repeated."""
    found = case.feed.birth_time
    if found and birth_date(found) is None:
        yield f"{PATIENT}/patientPerson/birthTime", "birthTime is not a time"


@BOOK.rule(
    "44-domain-id",
    error=UnknownKeyIdentifier,
    section="ITI TF-2 3.44.4.1.4, 3.44.4.2.4",
    title="The patient has an id of the affinity domain's assigning authority.",
    remedy="Send Patient.id with the OID of that authority as root",
    essential=True,
)
def domain_id(case: FeedCase) -> Iterator[Found]:
    """Ids of other domains are passed over, so there must be one that is not."""
    if case.domain_ids:
        return
    authority = case.policy.patient_authority
    roots = ", ".join(dict.fromkeys(quoted(item.root) for item in case.feed.patient_ids)) or "none"
    wanted = "" if authority is None else f"; those of this domain have the root {authority}"
    yield f"{PATIENT}/id", f"Roots of the patient's ids: {roots}{wanted}"


@BOOK.rule(
    "44-one-domain-id",
    error=BusinessRuleViolation,
    section="ITI TF-2 3.44.4.2.1",
    title="A patient has one id of an assigning authority of the affinity domain.",
    remedy="Send the id that stays, and resolve the other one by PRPA_IN201304UV02",
    essential=True,
)
def one_domain_id(case: FeedCase) -> Iterator[Found]:
    """Two ids of one domain are two patients, or duplicates."""
    for root, count in Counter(item.root for item in case.domain_ids).items():
        if count > 1:
            yield f"{PATIENT}/id", f"The patient has {count} ids of {quoted(root)}"


@BOOK.rule(
    "44-id-form",
    error=DataTypeError,
    section="ITI TF-2 Appendix E",
    title="An id of the domain is an OID as root, and an extension without ^ & | ~.",
    remedy="Send the OID of the assigning authority as root and the id as extension",
    essential=True,
)
def id_form(case: FeedCase) -> Iterator[Found]:
    """Otherwise no DocumentEntry.patientId could be equal to it."""
    subsumed = case.subsumed_ids if case.is_merge else ()
    for where, ids in ((f"{PATIENT}/id", case.domain_ids), (PRIOR_ID, subsumed)):
        for item in ids:
            if item.as_patient_id() is None:
                yield where, f"An id below the root {quoted(item.root)} cannot be written as id^^^&OID&ISO"


@BOOK.rule(
    "44-other-ids",
    error=DataTypeError,
    section="ITI TF-2 3.44.4.1.2.1",
    title="Other ids have the root of their scoping organization, whose id has no extension.",
    remedy="Send the same OID as root of OtherIDs.id and of scopingOrganization.id",
    strict_only=True,
)
def other_ids(case: FeedCase) -> Iterator[Found]:
    """So that the HL7 v2 form of the id can be told."""
    for other in case.feed.other_ids:
        roots = {item.root for item in other.organization}
        if any(item.extension for item in other.organization) or any(
            item.root not in roots for item in other.ids
        ):
            yield f"{PATIENT}/patientPerson/asOtherIDs", "Ids and scoping organization have different roots"


@BOOK.rule(
    "44-provider",
    error=DataTypeError,
    section="ITI TF-2 3.44.4.1.2.1, 3.44.4.2.2.1",
    title="The provider organization has an OID alone as id; in a merge it is the root of Patient.id.",
    remedy="Send providerOrganization/id with an OID as root, and no extension",
    strict_only=True,
)
def provider(case: FeedCase) -> Iterator[Found]:
    """Required in the first two messages, optional in a merge."""
    ids, where = case.feed.provider, f"{PATIENT}/providerOrganization/id"
    if not ids and not case.is_merge:
        yield where, "The provider organization has no id"
    for item in ids:
        if not is_oid(item.root) or item.extension:
            yield where, "The id of the provider organization is not an OID alone"
        elif case.is_merge and all(item.root != one.root for one in case.feed.patient_ids):
            yield where, f"{quoted(item.root)} is not the root of the patient's id"


@BOOK.rule(
    "44-subsumed-id",
    error=WrongNumber,
    section="ITI TF-2 Table 3.44.4.2.2.2-1",
    title="A merge names one subsumed id, in priorRegisteredRole.",
    remedy="Send one replacementOf with one priorRegisteredRole/id, and a message for each subsumed id",
    essential=True,
)
def subsumed_id(case: FeedCase) -> Iterator[Found]:
    """Of A, B and C that become B, A and C come in two messages (3.44.4.2.2)."""
    if case.is_merge and len(case.subsumed_ids) != 1:
        yield PRIOR_ID, f"The message names {len(case.subsumed_ids)} subsumed ids"


@BOOK.rule(
    "44-subsumed-authority",
    error=UnknownKeyIdentifier,
    section="ITI TF-2 3.44.4.2.4",
    title="The subsumed id is of the affinity domain's assigning authority.",
    remedy="Merge ids of this domain only",
    essential=True,
)
def subsumed_authority(case: FeedCase) -> Iterator[Found]:
    """A domain that names no authority takes that of a surviving id."""
    authority = case.policy.patient_authority
    wanted = {item.root for item in case.domain_ids} if authority is None else {authority}
    for item in case.subsumed_ids if case.is_merge and wanted else ():
        if item.root not in wanted:
            shown = " or ".join(map(quoted, sorted(wanted)))
            yield PRIOR_ID, f"The root of the subsumed id is {quoted(item.root)}, not {shown}"


@BOOK.rule(
    "44-subsumed-status",
    error=ValueNotInCodeSystem,
    section="ITI TF-2 Table 3.44.4.2.2.2-1",
    title="The prior registration is obsolete.",
    remedy="Send priorRegistration/statusCode obsolete",
    strict_only=True,
)
def subsumed_status(case: FeedCase) -> Iterator[Found]:
    """Partners send active, or nothing."""
    if case.is_merge and case.feed.prior_status != "obsolete":
        yield f"{PRIOR}/statusCode", f"statusCode is {quoted(case.feed.prior_status)}"


@BOOK.rule(
    "44-two-ids",
    error=BusinessRuleViolation,
    section="ITI TF-2 3.44.4.2.4",
    title="Surviving and subsumed id differ.",
    remedy="Send the id that stays as Patient.id and the one that goes as priorRegisteredRole.id",
    essential=True,
)
def two_ids(case: FeedCase) -> Iterator[Found]:
    """A patient merged into itself would be gone."""
    if case.is_merge and set(case.subsumed_ids) & set(case.domain_ids):
        yield PRIOR_ID, "The subsumed id is the surviving id"
