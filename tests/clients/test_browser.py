"""The browser's own WebSocket, in a headless Chromium, against `hiq serve`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hiq.clients.kept import read_run
from tests.browser import Tab, tab
from tests.clients.serving import Hiq, hiq_serve
from tests.proxy import Proxy

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="session"),  # that of the browser they share
]

LAMP = "light.lamp"
CLIENT = """
window.hiq = {frames: [], closed: null, protocol: null};
hiq.connect = token => new Promise((done, failed) => {
  const offers = token ? ["hiq.v1", "bearer." + token] : ["hiq.v1"];
  hiq.closed = null;
  hiq.socket = new WebSocket(location.origin.replace("http", "ws") + "/ws", offers);
  hiq.socket.onopen = () => { hiq.protocol = hiq.socket.protocol; done("open"); };
  hiq.socket.onerror = () => done("refused");
  hiq.socket.onclose = end => { hiq.closed = end.code; };
  hiq.socket.onmessage = message => hiq.frames.push(JSON.parse(message.data));
});
hiq.tell = frame => hiq.socket.send(JSON.stringify(frame));
hiq.of = kind => hiq.frames.filter(frame => frame.type === kind);
hiq.last = kind => hiq.of(kind).at(-1);
hiq.states = () => hiq.of("event").map(one => one.event.data.new_state.state);
"done"
"""


async def kept(hiq: Hiq, seq: int) -> None:
    """Wait until the event with this number is on the disk: sending does not."""
    file = f"file:{hiq.data / 'clients.db'}?mode=ro"
    found: set[int] = set()
    with contextlib.closing(sqlite3.connect(file, uri=True)) as database:
        async with asyncio.timeout(30):
            while seq not in found:
                await asyncio.sleep(0.01)
                runs = database.execute("SELECT body FROM runs").fetchall()
                found |= {one.seq for (body,) in runs for one in read_run(body, 0, 0)}


class Page:
    """A page of hiq whose script is a client."""

    def __init__(self, shown: Tab) -> None:
        self.shown = shown

    async def connect(self, token: str | None) -> str:
        """Open the socket; return `open` or `refused`."""
        how = await self.shown.page.evaluate(f"hiq.connect({json.dumps(token)})")
        return str(how)

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send a frame."""
        await self.shown.page.evaluate(
            f"hiq.tell({json.dumps({'type': kind, **fields})})"
        )

    async def frame(self, kind: str, which: str = "true") -> dict[str, Any]:
        """Return the last frame of a kind for which a condition holds, once it is there."""
        await self.shown.until(f"hiq.last('{kind}') && ({which})")
        return dict(await self.shown.page.evaluate(f"hiq.last('{kind}')"))

    async def states(self, count: int) -> list[str]:
        """Return the states of all events that came, once there are so many."""
        await self.shown.until(f"hiq.of('event').length >= {count}")
        return list(await self.shown.page.evaluate("hiq.states()"))

    async def resume(self, session: str, last_seq: int) -> dict[str, Any]:
        """Go on with a session; return what the answer says."""
        await self.tell("resume", id="r", session=session, last_seq=last_seq)
        found = await self.frame("result", "hiq.last('result').id === 'r'")
        return dict(found["data"])


@asynccontextmanager
async def page(chromium: Browser, url: str) -> AsyncIterator[Page]:
    """Show the page of hiq, so that the script is of its origin."""
    async with tab(chromium, url) as shown:
        await shown.page.evaluate(CLIENT)
        yield Page(shown)


async def greeted(it: Page, hiq: Hiq) -> dict[str, Any]:
    """Connect with a good token; return the welcome."""
    await it.shown.page.evaluate("hiq.frames = []")
    assert await it.connect(hiq.token()) == "open"
    assert await it.shown.page.evaluate("hiq.protocol") == "hiq.v1"
    return await it.frame("welcome")


async def test_a_page_connects_and_resumes_after_a_cut(
    chromium: Browser, tmp_path: Path
) -> None:
    """Token as subprotocol, snapshot, events; after a reset nothing is missing."""
    async with (
        hiq_serve(tmp_path) as hiq,
        Proxy(hiq.port) as proxy,
        page(chromium, proxy.url) as it,
    ):
        assert await it.connect(None) == "refused"
        assert await it.connect("no.token.atall") == "refused"
        welcome = await greeted(it, hiq)
        assert welcome["user"] == "alice"
        assert (await it.frame("state_snapshot"))["version"] == 1
        await it.tell("state_update", id="u", version=1, state={"theme": "dark"})
        await it.frame("state_updated")
        await it.tell("subscribe", id="s", filter={"entities": [LAMP]})
        await it.frame("result", "hiq.last('result').id === 's'")
        for number in range(3):
            hiq.home.set(LAMP, str(number), {})
        assert await it.states(3) == ["0", "1", "2"]

        proxy.drop(reset=True)
        await it.shown.until("hiq.closed !== null")
        assert await it.shown.page.evaluate("hiq.closed") == 1006
        for number in range(3, 6):
            hiq.home.set(LAMP, str(number), {})
        await greeted(it, hiq)
        assert (await it.frame("state_snapshot"))["state"] == {"theme": "dark"}
        found = await it.resume(welcome["session"], 2)
        assert found["resumed"] is True
        assert await it.states(4) == ["2", "3", "4", "5"]
        events = await it.shown.page.evaluate("hiq.of('event')")
        assert [frame["seq"] for frame in events] == [3, 4, 5, 6]


async def test_a_page_resumes_after_a_restart_of_hiq(
    chromium: Browser, tmp_path: Path
) -> None:
    """What was not acknowledged comes again, then one gap for the time in between."""
    async with (
        hiq_serve(tmp_path) as hiq,
        page(chromium, hiq.url) as it,
    ):
        welcome = await greeted(it, hiq)
        await it.tell("subscribe", id="s", filter={"entities": [LAMP]})
        await it.frame("result", "hiq.last('result').id === 's'")
        for number in range(3):
            hiq.home.set(LAMP, str(number), {})
        assert await it.states(3) == ["0", "1", "2"]
        await it.tell("ack", id="a", seq=1)
        await it.frame("result", "hiq.last('result').id === 'a'")
        await kept(hiq, 3)

        hiq.kill()
        await it.shown.until("hiq.closed === 1006")
        await asyncio.to_thread(hiq.start)
        await greeted(it, hiq)
        assert (await it.resume(welcome["session"], 1))["resumed"] is True
        hiq.home.set(LAMP, "3", {})
        assert await it.states(3) == ["1", "2", "3"]
        gap = await it.frame("gap")
        assert (gap["reason"], gap["from"], gap["count"]) == ("restart", 4, None)
        events = await it.shown.page.evaluate("hiq.of('event')")
        assert [frame["seq"] for frame in events] == [2, 3, gap["to"] + 1]
