"""A stored query as it was asked: notation read, nothing judged yet (ITI TF-2 3.18.4.1.2.3)."""

from dataclasses import dataclass, field

from xds.model.identifiers import ReturnType


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySlot:
    """One Slot of a stored query; its values are ORed, Slots of one name are ANDed (3.18.4.1.2.3.5)."""

    name: str
    values: tuple[str, ...]  # quotes off, '' undone, lists opened
    is_list: bool = False  # at least one Value was written in parentheses
    unquoted: bool = False  # a string that was written without its quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class AdhocQuery:
    """rim:AdhocQuery with its ResponseOption."""

    query_id: str
    return_type: ReturnType | str  # a text when ITI-18 does not know it
    slots: tuple[QuerySlot, ...] = field(default=())
    home_community_id: str | None = None

    def values(self, name: str) -> tuple[str, ...]:
        """All values of every Slot with that name; empty when there is none."""
        return tuple(value for slot in self.slots if slot.name == name for value in slot.values)

    def groups(self, name: str) -> tuple[tuple[str, ...], ...]:
        """The values Slot by Slot: AND of ORs."""
        return tuple(slot.values for slot in self.slots if slot.name == name)
