"""Rounds of submissions, kills and restarts, and the report of what became of every submission."""

import http.client
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.ledger import Sent, as_target, compose, look
from tests.crash.site import Site, eventually
from tests.transactions.wire import PATH, post
from xds.documents import FolderVault
from xds.server.wiring import build
from xds.settings import load
from xds.store import RepositoryStore, open_pool

SETTLED_SECONDS = 90
_CHECKERS = 4
_SAMPLE = 20
"""Acknowledged submissions of earlier rounds that each round looks at again."""


@dataclass(slots=True)
class Report:
    """What was done and found."""

    seed: int
    writers: int
    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    submissions: int = 0
    acknowledged: int = 0
    whole: int = 0  # unacknowledged, and whole after the restart
    nothing: int = 0  # unacknowledged, and nothing there
    documents: int = 0
    octets: int = 0
    replaced: int = 0
    repeated: int = 0
    checks: int = 0
    settled_seconds: float = 0.0  # longest, from the restart
    orphans: int = 0  # objects of the vault that no submission uses
    spooled: int = 0  # files that uploads left in tmp/
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def text(self) -> str:
        """For docs/durability.md."""
        rows = [
            ("seed, writers", f"{self.seed}, {self.writers}"),
            ("rounds", f"{self.rounds} in {self.seconds:.0f} s"),
            ("killed with SIGKILL", _listed(self.kills)),
            ("submissions sent", f"{self.submissions} ({self.replaced} replace a document)"),
            ("documents", f"{self.documents}, {self.octets / 1e6:.0f} MB"),
            ("acknowledged at once", str(self.acknowledged)),
            ("not acknowledged", f"{self.whole + self.nothing}: {_listed(self.outcomes)}"),
            ("of these after the restart", f"{self.whole} whole, {self.nothing} not there"),
            ("the same messages repeated", f"{self.repeated}, each Success and there once"),
            ("looked at by ITI-18 and ITI-43", f"{self.checks} times"),
            ("longest until all was settled", f"{self.settled_seconds:.1f} s after the restart"),
            (
                "left by the kills",
                f"{self.spooled} files in tmp/, {self.orphans} orphans in the vault; all swept",
            ),
            ("lost, wrong, partial, half visible", str(len(self.wrong))),
        ]
        return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]) + "\n"


def run(site: Site, *, rounds: int, writers: int, seed: int, tell: bool = False) -> Report:
    """Run the rounds; what is wrong stands in the report."""
    report, chosen, ledger = Report(seed, writers), random.Random(seed), []  # noqa: S311  # repeatable
    began = time.monotonic()
    targets = [[] for _ in range(writers)]  # of each writer, documents to be replaced
    for number in range(rounds):
        sent = _round(site, report, chosen, targets, seed=seed * 100_003 + number)
        earlier = chosen.sample(ledger, min(_SAMPLE, len(ledger)))
        _judge(site, report, sent, earlier)
        ledger += sent
        report.rounds += 1
        report.seconds = time.monotonic() - began
        if tell:
            print(f"round {report.rounds}: {report.submissions} sent, wrong {len(report.wrong)}", flush=True)
        if report.wrong:
            return report
    _sweep(site, report)
    report.wrong += _looked_at(site, report, ledger)
    report.seconds = time.monotonic() - began
    return report


def _round(
    site: Site, report: Report, chosen: random.Random, targets: list[list[Sent]], *, seed: int
) -> list[Sent]:
    """Writers write while something is killed, once or twice; then all is brought back and settled."""
    stop = threading.Event()
    work = [_Writer(site.port, stop, seed * 101 + number, mine) for number, mine in enumerate(targets)]
    for writer in work:
        writer.start()
    kinds = site.kinds()
    for _ in range(chosen.choice((1, 1, 1, 2))):
        time.sleep(chosen.uniform(0.05, 0.9))
        kind = chosen.choice(list(kinds))
        kinds[kind](chosen)
        report.kills[kind] += 1
    time.sleep(chosen.uniform(0, 0.3))
    stop.set()
    for writer in work:
        writer.join(120)
        assert not writer.is_alive(), "a request has no end"
    site.restore()
    waited = eventually(lambda: site.pending() == 0, SETTLED_SECONDS)
    report.settled_seconds = max(report.settled_seconds, waited)
    return [item for writer in work for item in writer.sent]


class _Writer(threading.Thread):
    """A document source that submits until it is told to stop."""

    def __init__(self, port: int, stop: threading.Event, seed: int, targets: list[Sent]) -> None:
        super().__init__(daemon=True)
        self.sent: list[Sent] = []
        self._port, self._stop_asked, self._targets = port, stop, targets
        self._chosen = random.Random(seed)  # noqa: S311  # repeatable

    def run(self) -> None:
        while not self._stop_asked.is_set():
            target = None
            if self._targets and self._chosen.random() < 0.3:
                target = as_target(self._targets.pop())
            sent = compose(self._chosen, target)
            self.sent.append(sent)
            sent.outcome = submit(self._port, sent)
            if sent.acknowledged:
                self._targets.append(sent)
            else:
                self._stop_asked.wait(0.1)


def submit(port: int, sent: Sent) -> str:
    """Send it; note an acknowledgement and return the outcome in a word."""
    content_type, octets = sent.message()
    try:
        answer = post(port, PATH["ITI-41"], octets, content_type=content_type)
    except (http.client.HTTPException, OSError) as error:
        return type(error).__name__
    if answer.status == 200 and answer.result == "Success":
        sent.acknowledged = True
        return "Success"
    return " ".join(answer.codes) if answer.status == 200 else f"HTTP {answer.status}"


def _judge(site: Site, report: Report, sent: list[Sent], earlier: list[Sent]) -> None:
    """Look at all of a round, repeat what was not acknowledged, and look again."""
    report.submissions += len(sent)
    report.replaced += sum(item.replaces is not None for item in sent)
    report.documents += sum(len(item.sizes) for item in sent)
    report.octets += sum(sum(item.sizes) for item in sent)
    report.acknowledged += sum(item.acknowledged for item in sent)
    report.wrong += _looked_at(site, report, [*sent, *earlier])
    open_ends = [item for item in sent if not item.acknowledged]
    report.whole += sum(item.kept for item in open_ends)
    report.nothing += sum(not item.kept for item in open_ends)
    report.outcomes.update(item.outcome for item in open_ends)
    # Every fourth that is not there is never sent again: what it left behind stays for the sweep.
    repeated = [item for number, item in enumerate(open_ends) if item.kept or number % 4]
    report.repeated += len(repeated)
    for item in repeated:
        outcome = submit(site.port, item)
        if outcome != "Success":
            report.wrong.append(f"{item.set_unique_id} repeated after {item.outcome}: {outcome}")
    report.wrong += _looked_at(site, report, open_ends)


def _looked_at(site: Site, report: Report, sent: list[Sent]) -> list[str]:
    report.checks += len(sent)
    with ThreadPoolExecutor(_CHECKERS) as pool:
        found = pool.map(
            lambda item: [f"{item.set_unique_id} ({item.outcome}): {it}" for it in look(site.port, item)],
            sent,
        )
        return [line for lines in found for line in lines]


def _sweep(site: Site, report: Report) -> None:
    """Two days later: what the kills left behind is removed by the housekeeper, and nothing else."""
    site.stop()
    old = time.time() - 2 * 86_400
    for path in site.documents.rglob("*"):
        if path.is_file():
            os.utime(path, (old, old))
    vault = FolderVault(site.documents)
    report.spooled = len(list((site.documents / "tmp").iterdir()))
    pool = open_pool(site.dsn, size=2, statement_timeout=60, idle_in_transaction_timeout=60)
    before = {sha256 for sha256, _ in vault.objects()}
    used = RepositoryStore(pool).referenced(before)
    pool.close()
    report.orphans = len(before - used)
    house = build(load(site.folder / "xds.toml", environ={}), site.dsn)
    try:
        for _ in range(2):  # an orphan is seen twice before it goes
            house.housekeeper._sweep()
    finally:
        house.close()
    left = {sha256 for sha256, _ in vault.objects()}
    if left != used:
        report.wrong.append(
            f"swept wrongly: {len(left - used)} orphans left, {len(used - left)} used ones gone"
        )
    if rest := list(Path(site.documents / "tmp").iterdir()):
        report.wrong.append(f"{len(rest)} files left in tmp/")
    site.restore()


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.most_common())
