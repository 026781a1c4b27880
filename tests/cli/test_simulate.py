"""`hiq simulate` as a user runs it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.contract.client import opened
from tests.servers.process import free_port

WAIT_S = 30.0


@asynccontextmanager
async def running(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `hiq simulate` and end it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hiq", "simulate", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: asyncio.subprocess.Process) -> str:
    """Return the next line of its output."""
    assert process.stdout
    async with asyncio.timeout(WAIT_S):
        return (await process.stdout.readline()).decode().strip()


async def test_says_where_it_is_and_lets_the_token_in():
    """URL and token that are printed work; SIGTERM ends it with 0."""
    async with running("--port", "0", "--entities", "70", "--rate", "50") as process:
        url = (await line(process)).removeprefix("url:").strip()
        token = (await line(process)).removeprefix("token:").strip()
        async with opened(f"ws{url[4:]}/api/websocket", token) as client:
            assert len(await client.ask("get_states")) == 70
            await client.ask("subscribe_events", event_type="state_changed")
            assert len(await client.events(5)) == 5
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WAIT_S):
            assert await process.wait() == 0


async def test_the_same_seed_is_the_same_home():
    """Seed and token can be chosen; the printed token is the chosen one."""
    homes = []
    for _ in range(2):
        options = ("--port", "0", "--seed", "9", "--rate", "0", "--token", "mine")
        async with running(*options) as process:
            url = (await line(process)).removeprefix("url:").strip()
            assert await line(process) == "token: mine"
            async with opened(f"ws{url[4:]}/api/websocket", "mine") as client:
                rows = await client.ask("get_states")
        homes.append([(row["entity_id"], row["attributes"]) for row in rows])
    assert homes[0] == homes[1]


async def test_a_port_that_is_taken_is_one_clear_message():
    """A taken port ends it with 2 and says which port."""
    port = free_port()
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
    async with server, running("--port", str(port)) as process:
        async with asyncio.timeout(WAIT_S):
            output, errors = await process.communicate()
    assert process.returncode == 2
    assert output == b""
    assert f"cannot listen on 127.0.0.1:{port}" in errors.decode()
    assert len(errors.splitlines()) == 1


async def test_a_port_that_cannot_be_is_a_usage_error():
    """Status 2 and one sentence, no traceback."""
    async with running("--port", "99999") as process:
        _, complaint = await process.communicate()
    assert process.returncode == 2
    assert b"--port" in complaint
    assert b"Traceback" not in complaint
