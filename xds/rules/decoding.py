"""Rules on how the objects of a submission are written in ebRIM (ITI TF-3 4.2.1 to 4.2.3).

The decoders find what breaks them while they read, whatever the policy; here is what each of their findings
means. `check_structure` says which of them count.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from xds.model import (
    ExtraMetadataNotSaved,
    RegistryError,
    RegistryMetadataError,
    UnknownStoredQuery,
    XdsError,
)
from xds.rules.rule import Found, Level, Rule, RuleBook, RulePolicy, run

Decoded = Sequence[XdsError]
"""What a decoder found, each finding with the id of its rule."""

BOOK: Final[RuleBook[Decoded]] = RuleBook("ITI TF-3 4.2.1", ("ITI-41", "ITI-42", "ITI-57", "ITI-92"))


def _found_by(rule_id: str) -> Callable[[Decoded], Iterator[Found]]:
    def find(decoded: Decoded) -> Iterator[Found]:
        return ((item.location, item.context) for item in decoded if item.rule == rule_id)

    return find


def _rule(
    name: str,
    title: str,
    remedy: str,
    *,
    section: str = "",
    strict_only: bool = False,
    essential: bool = False,
    error: type[XdsError] = RegistryMetadataError,
    default_level: Level = "error",
) -> None:
    BOOK.rule(
        f"structure-{name}",
        error=error,
        title=title,
        remedy=remedy,
        section=section,
        strict_only=strict_only,
        essential=essential,
        default_level=default_level,
    )(_found_by(f"structure-{name}"))


_rule(
    "object-list",
    "A SubmitObjectsRequest holds exactly one RegistryObjectList.",
    "Put all objects into one rim:RegistryObjectList",
    section="ITI TF-3 4.2.1.5",
    essential=True,
)
_rule(
    "object-kind",
    "The objects of a submission are ExtrinsicObjects, RegistryPackages and Associations.",
    "Leave it out, or send it as one of these",
    section="ITI TF-3 4.2",
    essential=True,
)
_rule(
    "object-id",
    "Every object has an id.",
    "Send a symbolic id, or urn:uuid: and a UUID",
    section="ITI TF-3 4.2.3.1.5",
    essential=True,
)
_rule(
    "package-kind",
    "A RegistryPackage is classified either as a SubmissionSet or as a Folder.",
    "Classify it by one Classification with that classificationNode, inside it or beside it",
    section="ITI TF-3 4.2.1.2.1, 4.2.1.3.1",
    essential=True,
)
_rule(
    "slot-twice",
    "A Slot stands once in an object.",
    "Put all values into one Slot",
    section="ITI TF-3 4.2.3.1.6",
    essential=True,
)
_rule(
    "slot-values",
    "The Slot of an attribute with one value has one value.",
    "Send one value",
    section="ITI TF-3 Tables 4.2.3.2-1, 4.2.3.3-1, 4.2.3.4-1",
    essential=True,
)
_rule(
    "slot-name",
    "Every Slot has a name.",
    "Name the Slot, or leave it out",
    section="ITI TF-3 4.2.3.1.6",
)
_rule(
    "slot-empty",
    "The Slot of an attribute has a value.",
    "Send a value, or leave the Slot out",
    section="ITI TF-3 Tables 4.2.3.2-1, 4.2.3.3-1, 4.2.3.4-1",
    strict_only=True,
)
_rule(
    "code-twice",
    "An attribute with one code has one Classification.",
    "Send one code",
    section="ITI TF-3 Tables 4.2.3.2-1, 4.2.3.3-1",
    essential=True,
)
_rule(
    "identifier-twice",
    "An object has one patientId, one uniqueId, one sourceId.",
    "Send one ExternalIdentifier of that identificationScheme",
    section="ITI TF-3 4.2.3.1.3",
    essential=True,
)
_rule(
    "code-value",
    "A coded attribute has its code in nodeRepresentation.",
    "Send the code in nodeRepresentation",
    section="ITI TF-3 4.2.3.1.2",
    essential=True,
)
_rule(
    "coding-scheme",
    "A coded attribute names its code system, once.",
    "Send Slot codingScheme with one value, the OID of the code system",
    section="ITI TF-3 4.2.3.1.2",
    essential=True,
)
_rule(
    "code-display",
    "A coded attribute has a display name.",
    "Send the code's display name in Name",
    section="ITI TF-3 4.2.3.1.2",
)
_rule(
    "author-person",
    "An author is one person.",
    "Send one author Classification for each person",
    section="ITI TF-3 4.2.3.1.4",
    essential=True,
)
_rule(
    "author-node",
    "The Classification of an author has an empty nodeRepresentation.",
    'Send nodeRepresentation=""; who the author is stands in its Slots',
    section="ITI TF-3 4.2.3.1.4",
    strict_only=True,
)
_rule(
    "identifier-name",
    "An ExternalIdentifier has the Name that the standard prescribes.",
    "Send that Name",
    section="ITI TF-3 4.2.3.1.3",
    strict_only=True,
)
_rule(
    "child-reference",
    "A Classification or ExternalIdentifier refers to the object that it stands in.",
    "Repeat the id of that object in classifiedObject or registryObject",
    section="ITI TF-3 4.2.3.1.2, 4.2.3.1.3",
)
_rule(
    "child-reference-missing",
    "A Classification or ExternalIdentifier says to which object it belongs.",
    "Repeat the id of the object that it stands in",
    section="ITI TF-3 4.2.3.1.2, 4.2.3.1.3",
    strict_only=True,
)
_rule(
    "child-id",
    "Associations, Classifications and ExternalIdentifiers have an id.",
    "Send a symbolic id or a UUID",
    section="ITI TF-3 4.2.3.1.2, 4.2.3.1.3, 4.2.2",
    strict_only=True,
)
_rule(
    "child-type",
    "A Classification or ExternalIdentifier has its own objectType, if it has one.",
    "Leave objectType out, or send the URN of ebRIM for it",
    section="ITI TF-3 4.2.3.1.2, 4.2.3.1.3",
    strict_only=True,
)
_rule(
    "version",
    "The version of an object is a whole number.",
    "Leave VersionInfo out: the registry counts versions",
    section="XDS Metadata Update 4.2.3.2",
    essential=True,
)
_rule(
    "association",
    "An Association has associationType, sourceObject and targetObject.",
    "Send the attribute",
    section="ITI TF-3 4.2.2",
    essential=True,
)
_rule(
    "association-urn",
    "associationType is a URN.",
    "Send the URN in place of the name of ebRS 2.1",
    section="ITI TF-3 4.2.2",
    strict_only=True,
)
_rule(
    "not-saved",
    "Everything that is sent has a place where it is kept.",
    "Put extra metadata into a Slot of the object that it belongs to",
    section="ITI TF-3 4.2.3.1.6",
    error=ExtraMetadataNotSaved,
    default_level="warning",
)

STRUCTURE: Final[tuple[Rule[Decoded], ...]] = BOOK.rules


_QUERY_BOOK: Final[RuleBook[Decoded]] = RuleBook("ITI TF-2 3.18.4.1.2.3", ("ITI-18", "ITI-51"))
_QUERY_BOOK.rule(
    "18-adhoc-query",
    error=UnknownStoredQuery,
    title="An AdhocQueryRequest holds an AdhocQuery.",
    remedy="Send rim:AdhocQuery; its id names the stored query",
    essential=True,
)(_found_by("18-adhoc-query"))
_QUERY_BOOK.rule(
    "18-notation",
    error=RegistryError,
    section="ITI TF-2 3.18.4.1.2.3.3",
    title="Every value of a parameter can be read.",
    remedy="Write 'text' in single quotes, digits as they are, ('a','b') for a list",
    essential=True,
)(_found_by("18-notation"))

NOTATION: Final[tuple[Rule[Decoded], ...]] = _QUERY_BOOK.rules


def check_structure(decoded: Decoded, policy: RulePolicy) -> list[XdsError]:
    """Return what counts of the findings of a decoder, each with its remedy."""
    return run(STRUCTURE, decoded, policy) if decoded else []
