"""`python -m tests.transactions.crashing POINT serve …`: the `xds` command that dies once at one point.

A point is ``before:`` or ``after:`` and a function of the product; the process that reaches it is gone at once,
as by a power cut. It dies once per folder named in XDS_CRASH_MARK, so that the worker that follows lives.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xds.documents import FolderVault
from xds.registry import RegisterDocumentSet
from xds.server.registrar import LocalRegistrar
from xds.store import RepositoryStore

POINTS: dict[str, tuple[type, str]] = {
    "vault.commit": (FolderVault, "commit"),
    "vault.remove": (FolderVault, "remove"),
    "remove": (RepositoryStore, "remove"),
    "set_erased": (RepositoryStore, "set_erased"),
    "add_pending": (RepositoryStore, "add_pending"),
    "register": (LocalRegistrar, "register"),
    "update": (LocalRegistrar, "update"),
    "settle": (RepositoryStore, "settle"),
    "registry": (RegisterDocumentSet, "_register"),
}


def die_once() -> None:
    """Leave without a word, if nobody has yet."""
    mark = Path(os.environ["XDS_CRASH_MARK"])
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    os._exit(86)


def arm(point: str) -> None:
    """Make the point deadly."""
    when, _, name = point.partition(":")
    owner, attribute = POINTS[name]
    original: Callable[..., Any] = getattr(owner, attribute)

    def deadly(self: Any, *arguments: Any, **named: Any) -> Any:
        if when == "before":
            die_once()
        result = original(self, *arguments, **named)
        if when == "after":
            die_once()
        return result

    setattr(owner, attribute, deadly)


if __name__ == "__main__":
    arm(sys.argv[1])
    del sys.argv[1]
    from xds.cli.main import main

    main()
