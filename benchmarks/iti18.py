"""ITI-18 FindDocuments over HTTP against pgbench running the statements that the server runs for it."""

import tempfile
from pathlib import Path
from typing import Final

from benchmarks import audit_rows, load, messages, pgbench
from benchmarks.loading import HEAVY, TYPICAL, Loaded
from benchmarks.measure import Ratio, Sample, bracketed, middle
from benchmarks.population import AUTHORITY
from benchmarks.service import Service
from xds.settings import Limits
from xds.store.statements import statements

_SQL = statements("queries")
_WARM_UP: Final = 0.3  # of the seconds of a measurement
_PATIENTS: Final = 200  # asked for in turn


def find_documents(
    service: Service, dsn: str, loaded: Loaded, *, heavy: bool, seconds: float, rounds: int
) -> Ratio:
    """Requests a second of LeafClass answers of 8 or of 500 entries.

    The limit writes the audit row that the service writes before it answers, and without it what it was before there
    was an audit log.
    """
    patients = loaded.all_heavy() if heavy else loaded.some_typical(_PATIENTS)
    requests = [messages.find_documents(patient_id) for patient_id in patients]
    entries = HEAVY if heavy else TYPICAL
    first, last = (loaded.typical + 1, loaded.patients) if heavy else (1, loaded.typical)
    script = _script(first, last)
    variables = {"statuses": "{A}", "object_types": "{S}", "limit": str(Limits().leaf_class_results + 1)}
    audited = f"{script}{audit_rows.statement()}\n"
    event = audit_rows.of_query(requests[0].partition(b"\r\n\r\n")[2])
    shares: list[float] = []

    def ours(time: float = seconds) -> Sample:
        with tempfile.TemporaryDirectory() as name:
            result = load.in_process(
                Path(name),
                service.port,
                requests,
                connections=pgbench.CLIENTS,
                seconds=time,
                expect="ResponseStatusType:Success",
            )
        shares.append(result.cpu_share)
        return Sample(rate=result.per_second, p50_ms=result.p50_ms, p95_ms=result.p95_ms)

    def theirs(time: float = seconds) -> Sample:
        return pgbench.run(dsn, audited, {**variables, **event}, seconds=time)

    ours(seconds * _WARM_UP)
    theirs(seconds * _WARM_UP)
    shares.clear()
    mine, others = bracketed(ours, theirs, rounds=rounds)
    unaudited = pgbench.run(dsn, script, variables, seconds=seconds)
    return Ratio(
        name=f"ITI-18 {entries} entries",
        limit="pgbench, same SQL and audit row",
        unit="requests/s",
        ours=mine,
        theirs=others,
        target=0.25,
        goal=0.50,
        notes=(
            f"{loaded.entries} entries loaded",
            f"{pgbench.CLIENTS} connections",
            f"the generator took {max(shares):.2f} of a core",
            f"without the audit row pgbench did {unaudited.rate:.0f}/s: {middle(mine).rate / unaudited.rate:.2f}",
        ),
    )


def _script(first: int, last: int) -> str:
    """The two statements of `RegistryReader.find_documents`; pgbench can count, so it makes the id itself."""
    patient_id = f"('L' || lpad(:number::text, 7, '0') || '^^^&{AUTHORITY}&ISO')"
    patient = _SQL["patient"].replace("member_keys,\n", "member_keys AS keys,\n", 1)
    assert " AS keys" in patient
    find = " ".join((_SQL["find_documents"], _SQL["newest_first"]))
    return "\n".join(
        (
            f"\\set number random({first}, {last})",
            pgbench.as_script(patient, cx=patient_id),
            "\\gset",
            f"{pgbench.as_script(find)};",
            "",
        )
    )
