"""The page is built before it is looked at; where Node is missing it is skipped."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from hiq.web.pagefiles import page_files
from tests.servers.process import missing, program

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session", autouse=True)
def bundle() -> None:
    """Build the page if its sources are newer."""
    program("npm")
    done = subprocess.run(
        [ROOT / "tools" / "frontend.sh", "--must"],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == 69:
        missing("what the page is built of", done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    page_files.cache_clear()


@pytest_asyncio.fixture(loop_scope="session")
async def home() -> AsyncIterator[Simulator]:
    """Give a simulated home of 60 entities that changes when told to."""
    server = Simulator(World(entities=60, seed=1), rate=0)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
