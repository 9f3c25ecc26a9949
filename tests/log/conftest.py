"""The state of logging is the process's: each test gives it back as it was."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    kept = (root.handlers[:], root.level, logging.getLogger("xds").level)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level = kept[0], kept[1]
    root.setLevel(kept[1])
    logging.getLogger("xds").setLevel(kept[2])
    sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = hooks
