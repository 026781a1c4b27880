"""`hiq serve` as a process of its own: signals and exit status."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from hiq.cli.serve import end
from hiq.simulate.server import Simulator
from tests.cli.moments import EARLY, signalled

BUILD_UP_S = 30.0


@pytest.fixture
async def serving(simulator: Simulator, tmp_path: Path):
    """`hiq serve` for the simulated home, and its log as parsed lines."""
    environment = {
        **os.environ,
        "HIQ_DATA_DIR": str(tmp_path),
        "HIQ_HTTP__PORT": "0",
        "HIQ_HOME_ASSISTANT__URL": simulator.url,
        "HA_TOKEN": simulator.token,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hiq", "serve",
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Serving(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Serving:
    """The process and what it has logged so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, object]] = []

    async def says(self, message: str) -> dict[str, object]:
        """Read the log until it has said this; every line has to be JSON."""
        assert self.process.stderr is not None
        async with asyncio.timeout(BUILD_UP_S):
            while True:
                for line in self.lines:
                    if line["message"] == message:
                        return line
                text = await self.process.stderr.readline()
                assert text, f"it ended without saying {message!r}: {self.lines}"
                self.lines.append(json.loads(text))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_in_order(
    serving: Serving, simulator: Simulator, tmp_path: Path, number: int
) -> None:
    """Exit status 0 after either signal, everything written, no token in the log."""
    start = await serving.says("hiq starts")
    assert start["sinks"] == ["sqlite (sqlite)"]
    assert start["data_dir"] == str(tmp_path)
    assert start["config"] == "none"
    assert start["version"]
    await serving.says("serving")
    await serving.says("subscribed")
    simulator.fire(100)
    serving.process.send_signal(number)
    end = await serving.says("stopped")
    async with asyncio.timeout(10):
        assert await serving.process.wait() == 0
    assert end["not_journaled"] == 0
    assert end["pending"] == {"sqlite": 0}
    assert simulator.token not in json.dumps(serving.lines)


async def test_the_http_library_comes_with_the_first_client(serving: Serving) -> None:
    """A service that nobody asks does without the memory that it takes."""
    url = str((await serving.says("serving"))["url"])
    await serving.says("subscribed")
    loaded = Path(f"/proc/{serving.process.pid}/maps")
    assert "aiohttp" not in loaded.read_text(encoding="utf-8")
    async with aiohttp.ClientSession() as session, session.get(f"{url}/livez") as got:
        assert got.status == 200
    assert "aiohttp" in loaded.read_text(encoding="utf-8")


@pytest.mark.parametrize("moment", [*EARLY, '"hiq starts"', '"serving"'])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_from_its_first_moment_on(
    moment: str | int, number: int, tmp_path: Path
) -> None:
    """While it is still being imported, too: a status that says so, no traceback."""
    status, told = await signalled(
        "serve",
        number=number,
        moment=moment,
        HIQ_DATA_DIR=str(tmp_path),
        HIQ_HTTP__PORT="0",
        HIQ_HOME_ASSISTANT__URL="http://127.0.0.1:9",
        HA_TOKEN="x" * 40,
    )
    assert status in {0, 128 + number}, told
    assert ("stopped" in told) == (status == 0)


async def test_sighup_does_not_end_it(serving: Serving) -> None:
    """SIGHUP reloads the token; the service goes on."""
    await serving.says("serving")
    serving.process.send_signal(signal.SIGHUP)
    serving.process.send_signal(signal.SIGTERM)
    await serving.says("stopped")
    assert await serving.process.wait() == 0


def test_what_is_loaded_is_passed_over() -> None:
    """A full collection looks at what came later only, and keeps no event waiting."""
    code = (
        "import gc; from hiq import service; from hiq.cli.serve import pass_over\n"
        "pass_over(); print(len(gc.get_objects()), gc.get_freeze_count())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    left, passed = map(int, run.stdout.split())
    assert left < passed / 100


def test_end_does_not_wait_for_ever() -> None:
    """A thread that hangs in a broken disk does not keep the process."""
    code = (
        "import threading, hiq.cli.serve as serve\n"
        "serve.THREADS_END_S = 0.01\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "serve.end(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=30, check=False)
    assert done.returncode == 7


def test_end_exits_with_the_status() -> None:
    """Without such a thread it is an ordinary exit."""
    with pytest.raises(SystemExit) as caught:
        end(3)
    assert caught.value.code == 3
