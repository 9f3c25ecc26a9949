"""The code that a sender probably meant: findings name it, so that the mend is copied and not looked for."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from xds.model import CodeKey

_MOST: Final = 3
"""Codes that a finding names."""
_LIKE: Final = 0.6
"""How alike two codes are, of 1, to be taken for each other."""
_LONGEST: Final = 64
"""Characters of a code that is compared; a longer one is none, and comparing takes the square of it."""


def nearest_codes(key: CodeKey, listed: Iterable[CodeKey]) -> list[CodeKey]:
    """Return the listed codes that are most like one that is not: at most three, the likeliest first.

    The same code of another scheme, then like codes of its scheme, then like codes of any; of a short list all.
    """
    codes = sorted(listed)
    if len(codes) <= _MOST:
        return codes
    code, scheme = key
    found = [item for item in codes if item[0] == code]
    found += _like(code, [item for item in codes if item[1] == scheme])
    if not found:
        found = _like(code, codes)
    return found[:_MOST]


def nearest_texts(text: str, listed: Iterable[str]) -> list[str]:
    """Return the listed texts that are most like one that is not: at most three; of a short list all."""
    texts = sorted(listed)
    if len(text) > _LONGEST:
        return []
    return texts if len(texts) <= _MOST else get_close_matches(text.lower(), texts, _MOST, _LIKE)


def hint(nearest: Iterable[str]) -> str:
    """Say which they are, for the end of a sentence.

    >>> hint(["A", "B"]), hint([])
    ('; the nearest are A, B', '')
    """
    names = list(nearest)
    if not names:
        return ""
    return f"; the nearest {'is' if len(names) == 1 else 'are'} {', '.join(names)}"


def _like(code: str, codes: list[CodeKey]) -> list[CodeKey]:
    if len(code) > _LONGEST:
        return []
    folded: dict[str, list[CodeKey]] = {}
    for item in codes:
        folded.setdefault(item[0].lower(), []).append(item)
    return [item for name in get_close_matches(code.lower(), folded, _MOST, _LIKE) for item in folded[name]]
