"""What a Remove Metadata request asks, and what the registry holds that it is judged by (RMD, ITI-62)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xds.model.facts import ObjectKind, RegisteredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalRequest:
    """The content of one lcm:RemoveObjectsRequest, nothing judged yet."""

    object_ids: tuple[str, ...] = ()  # rim:ObjectRef/@id, in their order
    deletion_scope: str | None = None  # @deletionScope; ebRS takes DeleteAll when it is absent
    has_query: bool = False  # a rim:AdhocQuery, which ebRS allows and the profile does not
    others: tuple[str, ...] = ()  # local names of what stands among the ObjectRefs


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredLink:
    """One registered Association: what it links."""

    entry_uuid: str
    association_type: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalFacts:
    """Everything the rules of ITI-62 may ask about the registry's content; ids are in lower case."""

    objects: Mapping[str, RegisteredObject] = field(default_factory=dict)
    """Those of the objects to be removed that are registered."""
    links: Mapping[str, RegisteredLink] = field(default_factory=dict)
    """Those of them that are Associations."""
    references: tuple[RegisteredLink, ...] = ()
    """Associations that stay and have an object to be removed as their source or target."""
    ends: Mapping[str, ObjectKind] = field(default_factory=dict)
    """Sources and targets of `links` that are registered and stay."""
    linked_ends: frozenset[str] = frozenset()
    """Those of the `ends` to which an Association remains."""
    member_ends: frozenset[str] = frozenset()
    """Those of the `ends` that remain the target of a SubmissionSet's HasMember."""
