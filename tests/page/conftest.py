"""The page is built before it is looked at; where Node is missing it is skipped."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from hiq.web.pagefiles import page_files
from tests.browser import browser
from tests.servers.process import missing, program

if TYPE_CHECKING:
    from playwright.async_api import Browser

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Give the browser that all tests share; each has tabs of its own profile."""
    async with browser() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def home() -> AsyncIterator[Simulator]:
    """Give a simulated home of 60 entities that changes when told to."""
    server = Simulator(World(entities=60, seed=1), rate=0)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
