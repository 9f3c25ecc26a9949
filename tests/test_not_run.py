"""The plugin of tests/not_run.py, in runs of pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOT_RUN = "import pytest\ndef test_a(): pytest.skip('NOT RUN: nginx is missing')\n"
ORDINARY = "import pytest\ndef test_b(): pytest.skip('the reference is not here')\n"
WHOLE_MODULE = "import pytest\npytest.skip('NOT RUN: chromium is missing', allow_module_level=True)\n"
MARKED = "import pytest\n@pytest.mark.skipif(True, reason='NOT RUN: strace is missing')\ndef test_c(): pass\n"
PASSES = "def test_d(): pass\n"


def run(folder: Path, *modules: str, ci: str) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for number, text in enumerate(modules):
        (folder / f"test_module_{number}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.not_run", "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("module", [NOT_RUN, WHOLE_MODULE, MARKED])
def test_what_was_not_run_fails_in_ci(tmp_path: Path, module: str) -> None:
    code, text = run(tmp_path, module, PASSES, ci="true")
    assert code == 1
    assert "NOT RUN (1)" in text
    assert "is missing" in text


@pytest.mark.parametrize("module", [NOT_RUN, WHOLE_MODULE, MARKED])
def test_elsewhere_it_is_counted_only(tmp_path: Path, module: str) -> None:
    code, text = run(tmp_path, module, PASSES, ci="")
    assert code == 0
    assert "NOT RUN (1)" in text


def test_all_are_counted(tmp_path: Path) -> None:
    code, text = run(tmp_path, NOT_RUN, WHOLE_MODULE, MARKED, ORDINARY, ci="true")
    assert code == 1
    assert text.count("NOT RUN (3): ") == 3


def test_an_ordinary_skip_is_none(tmp_path: Path) -> None:
    code, text = run(tmp_path, ORDINARY, PASSES, ci="true")
    assert code == 0
    assert "NOT RUN" not in text


def test_a_failure_stays_one(tmp_path: Path) -> None:
    code, text = run(tmp_path, NOT_RUN, "def test_e(): assert False\n", ci="true")
    assert code == 1
    assert "1 failed" in text
