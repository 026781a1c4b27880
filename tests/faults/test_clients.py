"""Faults that show at clients: L29, L31."""

from __future__ import annotations

import json
from pathlib import Path

from tests.clients.serving import hiq_serve, tab


async def test_L29_subscribers_get_events(tmp_path: Path) -> None:
    """Who subscribes to `/ws` gets each of ten events, in both dialects."""
    async with hiq_serve(tmp_path) as hiq, tab(hiq) as client:
        await client.subscribe(domains=["light"])
        async with hiq.open(protocol=None) as socket:
            await socket.send('{"type":"subscribe","channels":["domain:light"]}')
            assert json.loads(await socket.recv())["type"] == "connection"
            assert json.loads(await socket.recv())["channels"] == ["domain:light"]
            for number in range(10):
                hiq.home.set("light.lamp", str(number), {})
            assert [f["seq"] for f in await client.events(10)] == list(range(1, 11))
            found = [json.loads(await socket.recv()) for _ in range(10)]
        states = [one["event"]["data"]["new_state"]["state"] for one in found]
        assert states == [str(number) for number in range(10)]


async def test_L31_clients_show_who_they_are(tmp_path: Path) -> None:
    """A foreign origin and a missing token are refused before the upgrade."""
    async with hiq_serve(tmp_path) as hiq:
        evil = {**hiq.bearer(), "Origin": "https://evil.example"}
        for protocol in ("hiq.v1", None):
            status, body = await hiq.refusal(headers=evil, protocol=protocol)
            assert (status, body["error_code"]) == (403, "ORIGIN_FORBIDDEN")
            status, body = await hiq.refusal(headers={}, protocol=protocol)
            assert (status, body["error_code"]) == (401, "NO_TOKEN")
        own = {**hiq.bearer(), "Origin": hiq.url}
        async with tab(hiq, headers=own):
            pass
