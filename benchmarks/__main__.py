"""`python -m benchmarks`: speed as ratios against named limits, all measured in one run (docs/performance.md)."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks import imaging, iti18, iti42, signed
from benchmarks.documents import MIB, DocumentBench
from benchmarks.loading import Loaded, load
from benchmarks.measure import Growth, Ratio, middle, spread
from benchmarks.service import RAISED, Service, running
from xds.store import EmbeddedPostgres, locate_binaries, migrate

_ALL: Final = ("18", "42", "signed", "41", "43", "69")
_ENTRIES: Final = 100_000  # of size 1
_DOCUMENT: Final = 512 * MIB
_LARGEST: Final = 1024 * MIB
_FOLDER: Final = Path("/var/tmp")  # noqa: S108  # a disk, where /tmp may be memory; mkdtemp makes the name
Result = Ratio | Growth


def main() -> None:
    """Run the benches that were asked for; print the table, write the JSON."""
    options = _options()
    began = time.monotonic()
    # PostgreSQL does not run as root, and its user has to reach the folder.
    folder = Path(tempfile.mkdtemp(prefix="xds-bench-", dir=options.folder))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres(folder / "postgresql", locate_binaries()) as postgres:
            migrate(postgres.dsn)
            print(f"limits raised for this run: {', '.join(f'{k} = {v}' for k, v in RAISED.items())}")
            entries = (
                max(1000, round(_ENTRIES * options.size))
                if {"18", "42", "signed"} & set(options.only)
                else 1000
            )
            loaded = load(postgres.dsn, entries)
            with running(folder, postgres.dsn) as service:
                results = _measure(service, postgres.dsn, loaded, folder, options)
            facts = _facts(postgres.dsn, options, loaded, time.monotonic() - began)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(_table(results))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    report = {**facts, "results": [item.as_json() for item in results]}
    options.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(f"{facts['seconds']:.0f} s; as JSON in {options.json}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="1: 100000 entries, documents of 512 MiB")
    parser.add_argument("--only", type=_names, default=_ALL, help="some of 18,42,signed,41,43,69")
    parser.add_argument("--json", type=Path, default=Path("bench-out/bench.json"), help="file to write")
    parser.add_argument("--seconds", type=float, default=4.0, help="of one measurement under load")
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each limit; ours is one more")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where the data folder is made")
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    wanted = text.split(",")
    if unknown := [name for name in wanted if name not in _ALL]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(_ALL)}")
    return tuple(name for name in _ALL if name in wanted)


def _measure(
    service: Service, dsn: str, loaded: Loaded, folder: Path, options: argparse.Namespace
) -> list[Result]:
    results: list[Result] = []

    def done(*found: Result) -> None:
        for item in found:
            print(f"  {_line(item)}", file=sys.stderr, flush=True)
        results.extend(found)

    under_load = {"seconds": options.seconds, "rounds": options.rounds}
    size = min(_LARGEST, max(MIB, round(_DOCUMENT * options.size)))
    documents = DocumentBench(service=service, size=size, rounds=options.rounds, folder=folder)
    if "18" in options.only:
        done(iti18.find_documents(service, dsn, loaded, heavy=False, **under_load))
        done(iti18.find_documents(service, dsn, loaded, heavy=True, **under_load))
    if "42" in options.only:
        done(iti42.register(service, dsn, loaded, **under_load))
    if "signed" in options.only:
        done(signed.register(service, dsn, loaded, folder, **under_load))
    if "41" in options.only:
        done(*documents.upload())
    if "43" in options.only:
        done(*documents.download())
    if "69" in options.only:
        done(*imaging.retrieve(dsn, folder, size=size, rounds=options.rounds))
    return results


def _facts(dsn: str, options: argparse.Namespace, loaded: Loaded, seconds: float) -> dict[str, Any]:
    with psycopg.connect(dsn) as connection:
        postgres = connection.info.server_version // 10_000
    return {
        "size": options.size,
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "postgresql": postgres,
        "entries": loaded.entries,
        "limits_raised": RAISED,
        "seconds": round(seconds, 1),
    }


def _table(results: Sequence[Result]) -> str:
    head = ("what", "xds", "limit", "ratio", "first target", "goal", "p50 / p95 ms", "limit's", "spread")
    lines = [head, *(_cells(item) for item in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    notes = [f"{item.name}: {'; '.join(item.notes)}" for item in results]
    return "\n".join([shown[0], "  ".join("-" * width for width in widths), *shown[1:], "", *notes])


def _cells(item: Result) -> tuple[str, ...]:
    if isinstance(item, Growth):
        verdict = f"< {item.target:.0f} {'met' if item.mib < item.target else 'MISSED'}"
        return (item.name, f"+{item.mib:.1f} MiB", "", "", verdict, f"< {item.goal:.0f}", "", "", "")
    ours, theirs = middle(item.ours), middle(item.theirs)
    verdict = f"{item.target:.2f} {'met' if item.ratio >= item.target else 'MISSED'}"
    return (
        item.name,
        f"{ours.rate:.0f} {item.unit}",
        f"{theirs.rate:.0f} {item.limit}",
        f"{item.ratio:.2f}",
        verdict,
        f"{item.goal:.2f}",
        "" if ours.p50_ms is None else f"{ours.p50_ms:.1f} / {ours.p95_ms:.1f}",
        "" if theirs.p50_ms is None else f"{theirs.p50_ms:.1f} / {theirs.p95_ms:.1f}",
        f"±{spread(item.ours) * 50:.0f} % / ±{spread(item.theirs) * 50:.0f} %",
    )


def _line(item: Result) -> str:
    return "  ".join(cell for cell in _cells(item) if cell)


if __name__ == "__main__":
    main()
