"""`make check` asks for advisories where it can, fails when there is one, and never because it could not ask."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "advisories.py"


@pytest.fixture(scope="module")
def advisories() -> Any:
    spec = importlib.util.spec_from_file_location("advisories", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        (None, 0, "NOT ASKED"),
        ([], 0, "NOT ASKED"),
        ([{"name": "a", "skip_reason": "not found on PyPI"}], 0, "NOT ASKED"),
        ([{"name": "a", "version": "1", "vulns": []}], 0, "none known for 1 packages"),
        (
            [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}],
            1,
            "a 1: PYSEC-1, mended in 2",
        ),
        ([{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}], 1, "mended in no version yet"),
    ],
)
def test_what_is_said(advisories: Any, packages: list[Any] | None, code: int, says: str) -> None:
    text = "" if packages is None else json.dumps({"dependencies": packages})
    assert advisories.judged(text)[0] == code
    assert says in advisories.judged(text)[1]


def test_nonsense_is_no_answer(advisories: Any) -> None:
    for text in ("", "{", "[]", "null", '{"dependencies": null}'):
        assert advisories.judged(text or "x")[0] == 0
