"""`xds feed`: what it says when it cannot run, and what it shows of a queue."""

import fcntl
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import free_port
from xds.source import Queue

CONFIG = """
data_dir = "queue"
repository = "http://127.0.0.1:1/dics/repository"
registry = "http://127.0.0.1:1/dics/registry"
source_id = "2.999.4.1"
patient_authority = "2.999.1.1"
[mllp]
port = {port}
[[senders]]
institution_name = "Lakeview Hospital"
institution_oid = "2.999.23.1"
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "feed.toml"
    path.write_text(CONFIG.format(port=free_port()), "utf-8")
    return str(path)


def test_without_settings(run: Run) -> None:
    done = run("feed")
    assert done.exit_code == 2
    assert "--config" in done.stderr


def test_wrong_settings(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "feed.toml"
    path.write_text(CONFIG.format(port=0), "utf-8")
    done = run("feed", "--config", str(path))
    assert (done.exit_code, "say mllp.port or folder" in done.stderr) == (2, True)


def test_no_feed_has_run_yet(run: Run, config: str) -> None:
    done = run("feed", "status", "--config", config)
    assert (done.exit_code, "no feed has run" in done.stderr) == (2, True)


def test_a_second_feed_is_refused(run: Run, config: str, tmp_path: Path) -> None:
    (tmp_path / "queue").mkdir()
    with (tmp_path / "queue" / "feed.lock").open("w") as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)
        done = run("feed", "--config", config)
    assert (done.exit_code, "a feed runs in" in done.stderr) == (1, True)


def test_status_and_retry(run: Run, config: str, tmp_path: Path) -> None:
    queue = Queue(tmp_path / "queue")
    for number in "12":
        queue.add(
            key=number * 64, exam="", octets=b"MSH", received="20240311204501", control_id=number, dead="no"
        )
    queue.close()
    shown = run("feed", "status", "--config", config)
    assert "0 waiting\t0 published\t0 nothing\t2 dead" in shown.stdout
    assert "dead\t111111111111\t20240311204501\t1\tno" in shown.stdout
    assert run("feed", "retry", "--config", config, "11").stdout == "1 messages are tried again\n"
    document = json.loads(run("feed", "status", "--config", config, "--json").stdout)
    assert document["messages"] == {"waiting": 1, "published": 0, "nothing": 0, "dead": 1}
    assert [item["control_id"] for item in document["dead_letters"]] == ["2"]
