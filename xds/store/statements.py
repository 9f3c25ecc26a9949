"""SQL as SQL: named statements from the ``.sql`` files of this package."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- ([a-z][a-z0-9_]*): (.*)$", re.MULTILINE)


@cache
def statements(group: str) -> dict[str, str]:
    """Return the statements of ``sql/<group>.sql`` by name.

    A statement begins with a line ``-- name: what it does (section)`` and ends at the next one.
    """
    text = files("xds.store").joinpath("sql", f"{group}.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return {name: sql.strip().removesuffix(";") for name, sql in zip(parts[::3], parts[2::3], strict=True)}
