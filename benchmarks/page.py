"""What the page costs the browser while many events come: memory and processor time.

Run: python -m benchmarks.page [--minutes 10] [--rate 1000] [--part overview] [--check]

A simulated home sends so many events a second to a `hiq serve` of its own; a headless
Chromium looks at the page. The memory is the JavaScript heap after a collection, each
half minute, with the number of elements. The page keeps ten minutes of speeds and the
engine compiles what is hot, so it is the straight line through the second half of the
samples that says how it goes on. The processor time is that of the tab's own process
(Chromium's renderer, drawing by software) and of all processes of the browser, from
/proc. In the end the figures on the page must be those of /metrics. Needs the extra
`test`, Node to build the page, and chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from tests.browser import browser, tab

from benchmarks.idle import processor_s, subscribed
from hiq.simulate.server import Simulator
from hiq.simulate.world import World

ENTITIES = 500
SAMPLE_S = 30.0
WARM_S = 60.0
DEADLINE_S = 60.0
GROWTH_ALLOWED = 0.05
"""Of the heap, over the second half of the run."""
RECEIVED = re.compile(r"^hiq_events_received_total (\S+)$", re.MULTILINE)


class Sample(NamedTuple):
    """The tab at one moment."""

    at_s: float
    heap_mib: float
    elements: int
    events: int


def children(pid: int) -> list[int]:
    """Return all processes below a process, and itself; who has just ended is not."""
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += children(int(child))
    return found


class Used(NamedTuple):
    """Processor seconds since each process began, of tabs and of all processes."""

    tabs: dict[int, float]
    processes: dict[int, float]

    def since(self, before: Used) -> tuple[float, float]:
        """Return what tabs and all processes used in between."""
        tabs = sum(now - before.tabs.get(pid, 0.0) for pid, now in self.tabs.items())
        rest = before.processes
        return tabs, sum(
            now - rest.get(pid, 0.0) for pid, now in self.processes.items()
        )


def used(without: set[int]) -> Used:
    """Look at the processes of the browser: all below this one, but those."""
    tabs, processes = {}, {}
    for pid in children(os.getpid()):
        if pid in without:
            continue
        with suppress(FileNotFoundError, ProcessLookupError):
            processes[pid] = processor_s(pid)
            if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                tabs[pid] = processes[pid]
    return Used(tabs, processes)


def growth(samples: list[Sample]) -> float:
    """Return what the least-squares line through the heap gains, as a share of it."""
    mean_at = sum(sample.at_s for sample in samples) / len(samples)
    mean_heap = sum(sample.heap_mib for sample in samples) / len(samples)
    above = sum((s.at_s - mean_at) * (s.heap_mib - mean_heap) for s in samples)
    below = sum((s.at_s - mean_at) ** 2 for s in samples)
    lasted_s = samples[-1].at_s - samples[0].at_s
    return above / below * lasted_s / mean_heap if below else 0.0


async def look(tools: Any, url: str, began_s: float) -> Sample:
    """Collect garbage, then measure."""
    await tools.send("HeapProfiler.collectGarbage")
    metrics = (await tools.send("Performance.getMetrics"))["metrics"]
    values = {metric["name"]: metric["value"] for metric in metrics}
    return Sample(
        time.monotonic() - began_s,
        values["JSHeapUsedSize"] / 2**20,
        int(values["Nodes"]),
        await received(url),
    )


async def received(url: str) -> int:
    """Return what /metrics says."""
    async with aiohttp.ClientSession() as session, session.get(url + "/metrics") as got:
        found = RECEIVED.search(await got.text())
    return int(float(found[1])) if found else 0


async def figures_are_equal(shown: Any, url: str) -> bool:
    """Wait, the home being still, until the page says what /metrics says."""
    expected = f"{await received(url):,}"
    async with asyncio.timeout(DEADLINE_S):
        while await shown.text("#account-sum") != expected:  # noqa: ASYNC110  a page
            await asyncio.sleep(0.5)
    return await shown.text("#account-check") == "nothing is missing"


async def measure(minutes: float, rate: float, part: str) -> tuple[Any, ...]:
    """Return samples, seconds of processor of tab and browser, seconds, equality."""
    home = Simulator(World(ENTITIES, 1))
    await home.start()
    with tempfile.TemporaryDirectory(prefix="hiq-page-") as name:
        folder = Path(name)
        port = 20000 + os.getpid() % 10000
        url = f"http://127.0.0.1:{port}"
        settings = folder / "hiq.yaml"
        settings.write_text(f"http:\n  port: {port}\n", encoding="utf-8")
        environment = {
            **os.environ,
            "HIQ_DATA_DIR": str(folder),
            "HIQ_HOME_ASSISTANT__URL": home.url,
            "HA_TOKEN": home.token,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hiq", "serve", "--config", str(settings)),
            env=environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not subscribed(home):  # noqa: ASYNC110  it has no event
                    await asyncio.sleep(0.05)
            before = set(children(os.getpid()))
            async with browser() as chromium, tab(chromium, f"{url}/#{part}") as shown:
                await shown.says("#status", "healthy")
                tools = await shown.page.context.new_cdp_session(shown.page)
                await tools.send("Performance.enable")
                home.rate = rate
                await asyncio.sleep(WARM_S)
                began_s = time.monotonic()
                began = used(before)
                samples = [await look(tools, url, began_s)]
                while samples[-1].at_s < minutes * 60:
                    left_s = minutes * 60 - samples[-1].at_s
                    await asyncio.sleep(min(SAMPLE_S, max(left_s, 0.1)))
                    samples.append(await look(tools, url, began_s))
                tab_s, all_s = used(before).since(began)
                home.rate = 0.0
                await shown.page.click('nav a[href="#overview"]')
                await asyncio.sleep(2.0)
                equal = await figures_are_equal(shown, url)
        finally:
            process.terminate()
            await process.wait()
            await home.stop()
    return samples, tab_s, all_s, equal


def main() -> int:
    """Print the samples and the verdict; with --check exit 1 if the memory grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--part", default="overview")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    samples, tab_s, all_s, equal = asyncio.run(
        measure(given.minutes, given.rate, given.part)
    )
    print("seconds  heap MiB  elements     events")
    for sample in samples:
        print(
            f"{sample.at_s:7.0f}  {sample.heap_mib:8.2f}  {sample.elements:8}"
            f"  {sample.events:9,}"
        )
    lasted_s = samples[-1].at_s - samples[0].at_s
    events = samples[-1].events - samples[0].events
    half = len(samples) // 2
    gained = growth(samples[half:])
    print(
        f"{events / lasted_s:,.0f} events/s for {lasted_s:.0f} s; the heap went "
        f"{growth(samples[: half + 1]):+.1%} in the first half, "
        f"{gained:+.1%} in the second"
    )
    print(
        f"processor: tab {tab_s / lasted_s:.1%} of one core, "
        f"the whole browser {all_s / lasted_s:.1%}"
    )
    print(f"figures equal to /metrics at the end: {'yes' if equal else 'NO'}")
    good = equal and gained <= GROWTH_ALLOWED
    return 1 if given.check and not good else 0


if __name__ == "__main__":
    sys.exit(main())
