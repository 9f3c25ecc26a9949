"""`xds consent`: by the command itself, on a real database."""

import json
import subprocess
import sys

import pytest

from xds.model import PatientRecord
from xds.store import PatientStore, open_pool

PATIENT = "C1^^^&2.999.1.1&ISO"


def run(database: str, *arguments: str, stdin: str = PATIENT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xds", "consent", *arguments, "--dsn", database],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def known(database: str) -> str:
    pool = open_pool(database, size=1, statement_timeout=10, idle_in_transaction_timeout=10)
    PatientStore(pool).admit(PatientRecord(identifiers=(PATIENT,)))
    pool.close()
    return database


def test_a_directive_from_its_beginning_to_its_end(known: str) -> None:
    setting = ("--patient", "-", "--kind", "hic-agent", "--target", "urn:oid:2.999.23.1")
    made = run(known, "set", *setting, "--reason", "form", "--custodian", "hospital", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["set"] is True
    again = json.loads(run(known, "set", *setting, "--reason", "form", "--json").stdout)
    assert (again["set"], again["directive"]["target"]) == (False, "2.999.23.1")

    ticket = ("--patient", "-", "--organization", "2.999.23.1", "--reason", "unconscious", "--json")
    opened = run(known, "override", *ticket)
    number = json.loads(opened.stdout)["override"]["number"]
    (notice,) = json.loads(run(known, "notifications", "--json").stdout)["notifications"]
    assert (notice["custodian"], notice["patient"], notice["override"]["number"]) == (
        "hospital",
        PATIENT,
        number,
    )
    assert run(known, "notifications", "--acknowledge", str(notice["number"])).returncode == 0
    assert json.loads(run(known, "notifications", "--json").stdout)["notifications"] == []
    assert run(known, "notifications", "--acknowledge", str(notice["number"])).returncode == 1
    assert run(known, "override", "--patient", "-", "--end", str(number)).returncode == 0
    assert run(known, "override", "--patient", "-", "--end", str(number)).returncode == 1

    assert run(known, "lift", *setting, "--reason", "changed their mind").returncode == 0
    assert run(known, "lift", *setting, "--reason", "changed their mind").returncode == 1
    (view,) = json.loads(run(known, "list", "--patient", "-", "--json").stdout)["directives"]
    assert (view["effect"], view["lift_reason"]) == ("reinstate", "changed their mind")


@pytest.mark.parametrize(
    ("arguments", "patient", "code"),
    [
        pytest.param(("--kind", "domain"), "nonsense", 2, id="no patient id"),
        pytest.param(("--kind", "domain"), "C404^^^&2.999.1.1&ISO", 1, id="unknown patient"),
        pytest.param(("--kind", "domain", "--target", "x"), PATIENT, 2, id="a target too many"),
        pytest.param(("--kind", "agent"), PATIENT, 2, id="no target"),
        pytest.param(("--kind", "record", "--target", "2.999.404"), PATIENT, 1, id="unknown document"),
        pytest.param(("--kind", "all"), PATIENT, 2, id="unknown kind"),
    ],
)
def test_what_is_refused(known: str, arguments: tuple[str, ...], patient: str, code: int) -> None:
    done = run(known, "set", "--patient", "-", *arguments, "--reason", "r", stdin=patient)
    assert done.returncode == code, done.stderr
    assert patient not in done.stderr or patient == "nonsense"
    assert json.loads(run(known, "list", "--patient", "-", "--json").stdout)["directives"] == []


def test_nothing_to_override(known: str) -> None:
    done = run(known, "override", "--patient", "-", "--organization", "2.999.23.1", "--reason", "r")
    assert (done.returncode, "nothing to override" in done.stderr) == (1, True)
