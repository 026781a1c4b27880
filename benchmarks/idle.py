"""What an idle `hiq serve` costs: memory, processor time, and how fast it starts.

Run: python -m benchmarks.idle [--runs 5] [--sink sqlite|influxdb1]

A simulated Home Assistant in this process is connected to and says nothing. Start is
the time from creating the process to its subscription as Home Assistant sees it.
Memory is VmRSS after some seconds: of a service that nobody has asked over HTTP, and
when /metrics and /health have been asked for once, which loads the HTTP server. Goals:
at most 50 MiB (not asked) and 0.5 s on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from hiq.simulate.server import Simulator
from hiq.simulate.world import World

GOAL_MIB = 50.0
GOAL_S = 0.5
SETTLE_S = 4.0
DEADLINE_S = 30.0


def resident_mib(pid: int) -> float:
    """Return the memory in RAM of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def subscribed(simulator: Simulator) -> bool:
    """Whether a client is subscribed to changes."""
    return any("state_changed" in log.subscriptions.values() for log in simulator.logs)


class Idle(NamedTuple):
    """One run."""

    start_s: float
    mib: float
    asked_mib: float
    load: float


async def one_run(folder: Path, sink: str) -> Idle:
    """Start `hiq serve`, let it be idle, and ask it over HTTP."""
    simulator = Simulator(World(200, 1))
    await simulator.start()
    port = 20000 + os.getpid() % 10000
    settings = folder / "hiq.yaml"
    settings.write_text(
        f"sinks:\n- name: one\n  type: {sink}\n"
        + ("  url: http://127.0.0.1:9\n  database: hiq\n" if sink != "sqlite" else "")
        + f"http:\n  port: {port}\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "HIQ_DATA_DIR": str(folder),
        "HIQ_HOME_ASSISTANT__URL": simulator.url,
        "HA_TOKEN": simulator.token,
    }
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hiq", "serve", "--config", str(settings),
        env=environment, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not subscribed(simulator):  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0.001)
        start_s = time.perf_counter() - began
        await asyncio.sleep(SETTLE_S / 2)
        mib = resident_mib(process.pid)
        for path in ("/metrics", "/health"):
            await asyncio.to_thread(get, f"http://127.0.0.1:{port}{path}")
        used = processor_s(process.pid)
        await asyncio.sleep(SETTLE_S)
        load = (processor_s(process.pid) - used) / SETTLE_S
        return Idle(start_s, mib, resident_mib(process.pid), load)
    finally:
        process.terminate()
        await process.wait()
        await simulator.stop()


def get(url: str) -> bytes:
    """Return the body of an answer, whatever its status."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as exc:
        with exc:
            return bytes(exc.read())


async def main() -> int:
    """Print the figures of some runs; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sink", choices=("sqlite", "influxdb1"), default="sqlite")
    options = parser.parse_args()
    runs = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(await one_run(Path(folder), options.sink))
    found = Idle(*(statistics.median(column) for column in zip(*runs, strict=True)))
    print(f"sink                {options.sink}, median of {options.runs} runs")
    print(f"start to subscribed {found.start_s:.3f} s    (goal {GOAL_S} s)")
    print(f"resident memory     {found.mib:.1f} MiB   (goal {GOAL_MIB:.0f} MiB)")
    print(f"asked over HTTP     {found.asked_mib:.1f} MiB")
    print(f"processor when idle {found.load * 100:.2f} %")
    return int(found.mib > GOAL_MIB or found.start_s > GOAL_S)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
