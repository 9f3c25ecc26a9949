"""Which of a message's patient identifiers is the affinity domain's, and what the others are (ITI TF-2 3.8.4.1.4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from xds.hl7v2.message import Value
from xds.model import PatientIdentifier, is_lenient_oid

_ISO = "ISO"
_CX_CHARS = 250  # of PID-3 (ITI TF-2 Table 3.8-2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The affinity domain's patient identification domain, as it is configured (3.8.4.1.4.1)."""

    authority: str | None = None  # OID; None takes whatever authorities a feed names
    namespace_id: str | None = None  # what some senders write instead of the OID

    def ids_of(self, values: Iterable[Value]) -> list[PatientIdentifier]:
        """The domain's ids among the repetitions of PID-3 or MRG-1: the first, or one of each authority if any goes."""
        found: dict[str, PatientIdentifier] = {}
        for value in values:
            oid = self._oid(value)
            if oid is not None and (self.authority is None or oid == self.authority):
                found.setdefault(oid, PatientIdentifier(value.component(1).text, oid))
        return list(found.values())

    def pair_of(
        self, subsumed: Iterable[Value], survivor: Iterable[Value]
    ) -> tuple[PatientIdentifier | None, PatientIdentifier | None]:
        """The two ids of a merge, of one authority where there is one that both name; None for one without an id."""
        one, other = self.ids_of(subsumed), self.ids_of(survivor)
        survivors = {item.assigning_authority: item for item in other}
        for item in one:
            if item.assigning_authority in survivors:
                return item, survivors[item.assigning_authority]
        return (one[0] if one else None), (other[0] if other else None)

    def expected(self) -> str:
        """What is expected of an identifier, for an answer."""
        if self.authority is None:
            return "an identifier with its assigning authority, id^^^&oid&ISO"
        named = f" or id^^^{self.namespace_id}" if self.namespace_id else ""
        return f"an identifier of this domain's assigning authority, id^^^&{self.authority}&ISO{named}"

    def _oid(self, value: Value) -> str | None:
        authority = value.component(4)
        if not _is_plain(value.component(1).text):
            return None
        if authority.sub(2):
            is_oid = authority.sub(3).upper() in (_ISO, "") and is_lenient_oid(authority.sub(2))
            return authority.sub(2) if is_oid else None
        # Subcomponents 2 and 3 are filled from the configuration (3.8.4.1.4).
        if self.namespace_id is not None and authority.text == self.namespace_id:
            return self.authority
        return None


def identifier_text(value: Value) -> str | None:
    """An identifier of any authority as it is kept: with its OID, else with the namespace id that was sent."""
    number, authority = value.component(1).text, value.component(4)
    if not _is_plain(number):
        return None
    if authority.sub(2) and is_lenient_oid(authority.sub(2)):
        return str(PatientIdentifier(number, authority.sub(2)))
    named = authority.text or value.component(9).text  # CX-9 with table HL70363, where CX-4 is empty
    return f"{number}^^^{named}" if named and _is_plain(named) else number


def _is_plain(text: str) -> bool:
    """Whether a text can stand in a CX of the metadata: it holds none of its separators."""
    return 0 < len(text) <= _CX_CHARS and text.isprintable() and not set(text) & set("^&~|")
