"""`hiq demo`: what it claims, and that it would notice a loss."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hiq import log
from hiq.cli import cli
from hiq.cli import demo as module
from hiq.cli.demo import lost_points
from hiq.errors import ConfigError
from hiq.simulate.server import Fired
from tests.cli.moments import EARLY, signalled


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hiq", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_a_short_demo() -> None:
    """It ends by itself, names the page, shows a sample, and lost nothing."""
    done = demo("--duration", "1", "--rate", "200", "--entities", "40", "--port", "0")
    assert done.returncode == 0, done.stderr
    assert re.search(r"See it live:  http://127\.0\.0\.1:\d+/", done.stdout)
    assert "SELECT" in done.stdout
    assert re.search(
        r"^  \d\d:\d\d:\d\d\.\d{3}  sensor\.\w+ ", done.stdout, re.MULTILINE
    )
    summary = re.search(
        r"^events=(\d+) points=(\d+) lost=0$", done.stdout, re.MULTILINE
    )
    assert summary, done.stdout
    events, points = map(int, summary.groups())
    assert 40 < points <= events
    assert done.stderr == ""


def test_a_demo_for_programs() -> None:
    """With --json stdout is one document, all else goes to stderr."""
    done = demo("--duration", "0.1", "--entities", "5", "--port", "0", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts.keys() == {"events", "points", "lost"}
    assert counts["points"] > 0
    assert "See it live" in done.stderr


def test_a_taken_port() -> None:
    """The next free port is used, with a note."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = demo("--duration", "0.1", "--port", str(port), "--entities", "5")
    assert done.returncode == 0, done.stderr
    assert f"note: port {port} is taken, the page is on " in done.stdout
    assert f"http://127.0.0.1:{port}/" not in done.stdout


def test_interrupting_ends_with_the_summary() -> None:
    """Ctrl-C ends it in order: what was sent until then is looked up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hiq", "demo", "--port", "0", "--entities", "5"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "Ctrl-C ends it" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "lost=0" in rest


@pytest.mark.parametrize("moment", EARLY[::2])
async def test_interrupting_ends_it_from_its_first_moment_on(
    moment: int, tmp_path: Path
) -> None:
    """Before there is anything to tell, too; no folder is left behind."""
    status, told = await signalled(
        *("demo", "--port", "0", "--entities", "5"),
        number=signal.SIGINT,
        moment=moment,
        TMPDIR=str(tmp_path),
    )
    assert status == (0 if "lost=0" in told else 130), told
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the demo in this process, without touching its logging."""
    monkeypatch.setattr(log, "setup", lambda *_, **__: None)
    runner = CliRunner()
    return lambda *arguments: runner.invoke(
        cli, ["demo", "--port", "0", "--entities", "5", *arguments]
    )


def test_what_stops_before_the_states_came_is_no_loss(
    here: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to tell yet, and certainly no loss."""
    monkeypatch.setattr(module, "_handle_signals", lambda _service, stop: stop.set())
    result = here()
    assert result.exit_code == 1
    assert result.stderr == "Aborted!\n"  # of click; `hiq` makes 130 of it


def test_a_loss_is_status_1(
    here: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost point is named, and the exit status says so."""
    monkeypatch.setattr(module, "lost_points", lambda *_: [("sensor.gone", 7)])
    result = here("--duration", "0.3", "--rate", "100")
    assert result.exit_code == 1
    assert "lost=1" in result.stdout
    assert "lost: sensor.gone at 7 ns" in result.stderr


def test_what_cannot_start_is_said_once(
    here: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure of the service comes out as itself, not as a group of errors."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(module, "_free_port", lambda _: port)
        result = here("--duration", "5")
    assert isinstance(result.exception, ConfigError)
    assert f"{port} is taken" in str(result.exception)


@pytest.mark.parametrize(
    ("state", "is_stored", "lost"),
    [("21.5", True, 0), ("21.5", False, 1), ("unavailable", False, 0), ("", False, 0)],
)
def test_a_loss_is_noticed(state: str, is_stored: bool, lost: int) -> None:
    """A state that makes a point and is not in the store is lost."""
    rows = {("sensor.a", 5_000)} if is_stored else {("sensor.b", 5_000)}
    assert len(lost_points([Fired("sensor.a", 5, state)], rows)) == lost
