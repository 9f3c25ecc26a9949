"""A pytest plugin: what could not run on this machine is counted, and in CI it fails the run.

A test that lacks something of the machine (a Debian package of tests/needs.txt) skips with a reason that begins
"NOT RUN:". Such tests are no success: the terminal ends with how many there were, and with CI=true in the
environment the run fails when there is one.
"""

import os
from typing import Any

import pytest

PREFIX = "NOT RUN:"
_found = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start with none."""
    config.stash[_found] = []
    config.pluginmanager.register(_Counter(config.stash[_found]), "xds-not-run")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail in CI, unless the run failed already."""
    if session.config.stash[_found] and os.environ.get("CI") == "true" and session.exitstatus in (0, 5):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List them at the end."""
    found = config.stash[_found]
    if not found:
        return
    terminalreporter.section(f"NOT RUN ({len(found)})")
    for line in found:
        terminalreporter.write_line(f"NOT RUN ({len(found)}): {line}")


class _Counter:
    """Keeps the name and reason of each test, and of each module, that was not run."""

    def __init__(self, found: list[str]) -> None:
        self._found = found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at a test."""
        self._look(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Look at a module, which may be skipped as a whole."""
        self._look(report)

    def _look(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if reason.startswith(PREFIX):
                self._found.append(f"{report.nodeid}: {reason.removeprefix(PREFIX).strip()}")
