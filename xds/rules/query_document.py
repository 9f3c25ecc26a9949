"""The stored queries and their parameters in words: docs/queries.md, which this module writes.

``python -m xds.rules.query_document > docs/queries.md``
"""

import sys
from collections.abc import Iterator
from typing import Final

from xds.model import StoredQuery
from xds.rules.query_parameters import PARAMETERS, QUERIES_OF, Kind, Parameter, query_name

_HEAD: Final = """# Stored queries

Written by `python -m xds.rules.query_document > docs/queries.md` from the table that judges every query
(`xds/rules/query_parameters.py`); what a wrong one is answered with is in [rules.md](rules.md).

- Every parameter that is sent must match. Several values in one Slot: one of them matches. Several Slots of one name:
  each matches; only where the table says AND.
- `returnType` is `LeafClass` or `ObjectRef`. `homeCommunityId` is the attribute `home` of `rim:AdhocQuery`, not a Slot;
  this registry takes any, and puts its own on what it returns.
- Times: From is within, To is not; a time of less precision is its first second. An entry without a service time is not
  left out by it, an On-Demand entry not by its creation time.
- Patterns: `%` is any text, `_` any character; there is no escape, a backslash is a backslash. What is compared is
  the whole text as it was registered.
- A status that is not understood is as if it were not sent. `$XDSDocumentEntryType` absent is Stable only.
- `$MetadataLevel` absent or 1: of entries and Folders the latest version, no entry that is Offline, no Folder and no
  Association that is Deprecated. At 2 all of them, as far as the other parameters ask for them;
  `$XDSAssociationStatus` absent is Approved.
- After a merge the surviving patient id answers for both and stands in what is returned; the subsumed one finds
  nothing, or is answered with XDSUnknownPatientId (setting `registry.query_unknown_patient`).
- More objects than `limits.leaf_class_results` or `limits.object_ref_results` are XDSTooManyResults; its context says
  what narrows the query.
"""
_KINDS: Final[dict[Kind, str]] = {
    "patient": "patient id, `'id^^^&oid&ISO'`",
    "string": "text",
    "uuid": "entryUUID",
    "code": "`'code^^scheme'`",
    "time": "DTM in UTC, digits without quotes",
    "status": "availabilityStatus, URN",
    "type": "objectType: Stable or On-Demand",
    "association": "associationType, URN",
    "like": "pattern",
    "level": "1 or 2, without quotes",
    "availability": "documentAvailability, URN",
}


def page() -> str:
    """Return the whole of docs/queries.md."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _HEAD
    for number, queries in QUERIES_OF.items():
        for query in (item for item in StoredQuery if item in queries):
            yield f"## {query_name(query)} ({number})\n"
            yield f"`{query.value}`\n"
            yield "| parameter | value | needed | several values |"
            yield "|---|---|---|---|"
            yield from (_row(row) for row in PARAMETERS[query])
            yield ""


def _row(row: Parameter) -> str:
    needed = "yes" if row.required else ""
    if row.either:
        needed = "one of these"
    elif row.narrows:
        needed = "at least one of those so marked"
    several = "yes, and AND" if row.and_or else "yes" if row.many else ""
    return f"| `{row.name}` | {_KINDS[row.kind]} | {needed} | {several} |"


if __name__ == "__main__":
    sys.stdout.write(page())
