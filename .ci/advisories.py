"""Ask the advisory service about every installed package; say plainly when it cannot be asked.

Exit 1 when an advisory is known, 0 when none is, and 0 with a line that says so when the service, or an index with
advisories, cannot be reached: a machine without it is not in the wrong.
"""

import json
import subprocess
import sys

_COMMAND = (
    "pip_audit",
    "--skip-editable",
    "--progress-spinner",
    "off",
    "--format",
    "json",
    "--timeout",
    "15",
)
_SECONDS = 180


def answer() -> str:
    """What pip-audit writes; nothing when it is not installed or has no answer in time."""
    try:
        done = subprocess.run(  # noqa: S603  # our own command
            [sys.executable, "-m", *_COMMAND], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def judged(text: str) -> tuple[int, str]:
    """The exit code, and what is said."""
    try:
        packages = json.loads(text)["dependencies"] or []
    except (ValueError, KeyError, TypeError):
        packages = []
    asked = [item for item in packages if "vulns" in item]
    if not asked:
        return 0, "advisories: NOT ASKED, the advisory service cannot be reached from here"
    found = [
        f"advisories: {item['name']} {item['version']}: {each['id']}, mended in"
        f" {', '.join(each.get('fix_versions', ())) or 'no version yet'}"
        for item in asked
        for each in item["vulns"]
    ]
    return int(bool(found)), "\n".join(found) or f"advisories: none known for {len(asked)} packages"


if __name__ == "__main__":
    code, said = judged(answer())
    sys.stdout.write(f"{said}\n")
    sys.exit(code)
