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
    # Rules and criteria ask for some forty parameters of each query: looked up, not searched.
    _groups: dict[str, tuple[tuple[str, ...], ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups: dict[str, tuple[tuple[str, ...], ...]] = {}
        for slot in self.slots:
            groups[slot.name] = (*groups.get(slot.name, ()), slot.values)
        object.__setattr__(self, "_groups", groups)

    def values(self, name: str) -> tuple[str, ...]:
        """All values of every Slot with that name; empty when there is none."""
        groups = self._groups.get(name)
        if groups is None:
            return ()
        return groups[0] if len(groups) == 1 else tuple([value for group in groups for value in group])

    @property
    def slot_counts(self) -> dict[str, int]:
        """How many Slots there are of each name."""
        return {name: len(groups) for name, groups in self._groups.items()}

    def groups(self, name: str) -> tuple[tuple[str, ...], ...]:
        """The values Slot by Slot: AND of ORs."""
        return self._groups.get(name, ())
