"""The uploads to a data-api: bodies, repeats, certificates, keys."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from itertools import repeat

import msgspec
import pytest
from aiohttp import web

from hiq.discovery.keepers import Answers
from hiq.discovery.publisher import Publisher
from hiq.discovery.upload import devices_body
from hiq.ha.home import Home
from hiq.ha.registries import ConfigEntry, Registry
from hiq.settings.schema import DataApiSettings
from hiq.stats import Stats
from tests.serving import until

HOME = Home().with_rows(Registry.CONFIG_ENTRIES, [ConfigEntry("e", "mqtt")])
BRIDGE = {
    "id": "bridge",
    "manufacturer": "Zigbee2MQTT",
    "model": "Bridge",
    "name": "Zigbee2MQTT Bridge",
    "identifiers": [["mqtt", "zigbee2mqtt_bridge_0x00124b0001234567"]],
    "config_entries": ["e"],
}
TASMOTA = {"id": "t", "identifiers": [["mqtt", "A4CF12"]], "config_entries": ["e"]}
SENSOR = {
    "id": "s",
    "identifiers": [["mqtt", "0x00158d0001234567"]],
    "config_entries": ["e"],
}
BELOW = {"id": "b", "via_device_id": "bridge", "config_entries": ["e"], "odd": [1.5]}
ANSWERS = Answers(
    msgspec.Raw(json.dumps([BRIDGE, TASMOTA]).encode()),
    msgspec.Raw(b'[ {"entity_id":"a.b","odd":1.50} ]'),
    msgspec.Raw(b'{"light":{"turn_on":{}}}'),
)


def test_what_comes_through_zigbee_is_marked_and_nothing_else():
    """A Tasmota device on the same config entry stays what it is."""
    rows = [BRIDGE, TASMOTA, SENSOR, BELOW]
    found = json.loads(devices_body(HOME, json.dumps(rows).encode()))
    marked = {row["id"]: row.get("source") for row in found}
    zigbee = "zigbee2mqtt"
    assert marked == {"bridge": zigbee, "t": None, "s": zigbee, "b": zigbee}
    assert [row["integration"] for row in found] == [zigbee, "mqtt", zigbee, zigbee]
    for before, after in zip(rows, found, strict=True):
        assert before.items() <= after.items()


class Api:
    """A data-api that remembers what it got; `script` are its next answers."""

    def __init__(self) -> None:
        self.script: dict[str, list[int]] = {}
        self.got: list[tuple[str, str | None, bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Answer one upload."""
        name = request.match_info["name"]
        key = request.headers.get("Authorization")
        self.got.append((name, key, await request.read()))
        status = self.script.get(name, [])
        return web.json_response(
            {"upserted": 1}, status=status.pop(0) if status else 200
        )

    @contextlib.asynccontextmanager
    async def served(self, tls: ssl.SSLContext | None = None):
        """Serve on a free port."""
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/internal/{name}/bulk_upsert", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://localhost:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


async def published(stats: Stats, answers: Answers = ANSWERS, **settings) -> None:
    """Publish once."""
    it = Publisher(DataApiSettings(**settings), stats, pauses=lambda: repeat(0.0))
    await it.publish(HOME, answers)
    await it._client.close()


async def test_three_lists_are_uploaded_unchanged_with_the_key(tmp_path):
    """Entities and services byte for byte; the key comes from its file."""
    stats = Stats()
    (tmp_path / "key").write_text(" secret\n", encoding="utf-8")
    async with Api().served() as api:
        await published(stats, url=api.url, api_key_file=str(tmp_path / "key"))
    assert [(name, key) for name, key, _ in api.got] == [
        (name, "Bearer secret") for name in ("devices", "entities", "services")
    ]
    assert api.got[1][2] == bytes(ANSWERS.entities)
    assert api.got[2][2] == bytes(ANSWERS.services)
    assert stats.discovery.published.total() == 3
    assert not stats.concerns


async def test_an_upload_that_fails_is_repeated():
    """Delivered at the second try; until then it counts as pending."""
    stats = Stats()
    async with Api().served() as api:
        api.script["devices"] = [503]
        it = Publisher(DataApiSettings(url=api.url), stats, pauses=lambda: repeat(0.0))
        it.refreshed(HOME, ANSWERS)
        assert stats.discovery.publishing == 3
        running = asyncio.create_task(it.run())
        await until("all is published", lambda: not stats.discovery.publishing)
        running.cancel()
        await asyncio.wait([running])
    assert [name for name, _, _ in api.got].count("devices") == 2
    assert stats.discovery.published["devices", "ok"] == 1


async def test_after_three_tries_health_says_so(caplog):
    """The other lists are uploaded all the same."""
    stats = Stats()
    async with Api().served() as api:
        api.script["devices"] = [500] * 3
        await published(stats, url=api.url, api_key="k")
    assert len(api.got) == 5
    assert stats.concerns["data_api"].reason == "data-api: devices: status 500"
    assert stats.discovery.published["devices", "failed"] == 1
    assert "could not be published" in caplog.text


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_data_api_without_services_is_tolerated(status, caplog):
    """Told once, no complaint in health."""
    stats = Stats()
    async with Api().served() as api:
        api.script["services"] = [status]
        await published(stats, url=api.url)
    assert not stats.concerns
    assert caplog.text.count("takes no services") == 1


async def test_nobody_there_is_told():
    """And it ends."""
    stats = Stats()
    await published(stats, url="http://127.0.0.1:9")
    assert "Cannot connect" in stats.concerns["data_api"].reason
