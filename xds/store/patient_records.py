"""What is known of a patient as a row, and how what a feed tells changes it."""

import unicodedata
from datetime import datetime
from typing import Any, Final, NamedTuple

from xds.model import NO_NAME, PatientName, PatientRecord, parse_patient_id

_SEARCHED: Final = 200
"""Characters of a value that are compared: an entry of an index has at most 2,700 octets."""


class KeptRecord(NamedTuple):
    """A row of patient_record."""

    record: PatientRecord
    from_feed: bool
    changed_at: datetime


def kept(row: tuple[Any, ...]) -> KeptRecord:
    """Read a row, its key left out."""
    _, identifiers, family, given, prefix, suffix, birth_date, sex, from_feed, changed_at = row
    name = PatientName(family=family, given=tuple(given), prefix=prefix, suffix=suffix)
    record = PatientRecord(identifiers=tuple(identifiers), name=name, birth_date=birth_date, sex=sex)
    return KeptRecord(record, from_feed, changed_at)


def parameters_of(key: int, record: PatientRecord, *, from_feed: bool) -> dict[str, Any]:
    """The parameters of the statements that keep a record; what is to be forgotten becomes NULL."""
    name = record.name
    return {
        "key": key,
        "identifiers": list(record.identifiers),
        "family": name.family or None,
        "given": [part for part in name.given if part],
        "prefix": name.prefix or None,
        "suffix": name.suffix or None,
        "birth_date": record.birth_date or None,
        "sex": record.sex or None,
        "search_keys": sorted({key for item in record.identifiers for key in search_keys(item)}),
        "search_family": family_key(name.family or ""),
        "search_given": plain(" ".join(name.given))[:_SEARCHED],
        "from_feed": from_feed,
    }


def updated(known: KeptRecord | None, told: PatientRecord) -> PatientRecord:
    """What is known once a feed told something.

    A feed's identifiers replace those of the same authorities and leave the others: several sources know a patient.
    What came from a submission gives way as a whole to what a feed says.
    """
    if known is None:
        return told
    before = known.record
    authorities = {_authority(item) for item in told.identifiers}
    others = [item for item in before.identifiers if _authority(item) not in authorities]
    return PatientRecord(
        identifiers=tuple(dict.fromkeys([*told.identifiers, *others])),
        name=before.name if told.name == NO_NAME else told.name,
        birth_date=before.birth_date if told.birth_date is None else told.birth_date,
        sex=before.sex if told.sex is None else told.sex,
    )


def search_keys(identifier: str) -> set[str]:
    """Under what an identifier is found: with its authority, and the number alone without spaces and dashes."""
    return {identifier[:_SEARCHED], number_key(identifier.partition("^")[0])}


def search_key(sent: str) -> str:
    """What a search for an identifier looks for."""
    return sent[:_SEARCHED] if "^" in sent else number_key(sent)


def number_key(number: str) -> str:
    """A number as it is compared.

    >>> number_key("1192-571-546-cx")
    '1192571546CX'
    """
    return "".join(number.replace("-", " ").split()).upper()[:_SEARCHED]


def family_key(name: str) -> str:
    """A family name as it is compared.

    >>> family_key("van der Berg")
    'vanderberg'
    """
    return plain(name).replace(" ", "")[:_SEARCHED]


def plain(name: str) -> str:
    """A name as it is compared: without case, accents and punctuation.

    >>> plain("O’Brien-D'Angelo"), plain("Hélène")
    ('obriendangelo', 'helene')
    """
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    kept_characters = (item for item in decomposed if item.isalnum() or item.isspace())
    return " ".join("".join(kept_characters).split())


def _authority(identifier: str) -> str:
    parsed = parse_patient_id(identifier)
    return identifier.partition("^^^")[2] if parsed is None else parsed.assigning_authority
