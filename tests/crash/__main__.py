"""`python -m tests.crash --rounds 200 --seed 1 --report FILE`: the long run that docs/durability.md shows."""

import argparse
import sys
from pathlib import Path

from tests.crash.rounds import run
from tests.crash.site import Site


def main() -> int:
    """Run and write the report; 1 when something is wrong, and then the site stays for a look."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path)
    asked = parser.parse_args()
    site = Site()
    report = run(site, rounds=asked.rounds, writers=asked.writers, seed=asked.seed, tell=True)
    print(report.text())
    if asked.report is not None:
        asked.report.write_text(report.text(), encoding="utf-8")
    if report.wrong:
        print("\n".join(report.wrong[:50]), f"\nkept for a look: {site.folder}", file=sys.stderr)
        site.stop()
        site.postgres.stop()
        return 1
    site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
