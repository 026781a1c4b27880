"""`hiq check`: against a simulated home, odd servers, real folders."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import asynccontextmanager
from email.utils import formatdate

import pytest
from aiohttp import WSMsgType, web

from hiq.cli.check import Group, check_journal, check_sink, table
from hiq.cli.probe import check_home, clock_row
from hiq.ha.locate import Candidate
from hiq.settings import JournalSettings, Settings, SinkSettings
from hiq.sink.base import Check

TOKEN = "t" * 40
COVERAGE = {k: v for k, v in os.environ.items() if k.startswith("COVERAGE")}


def by_name(rows):
    """Rows by their names; each name once."""
    found = {row.name: row for row in rows}
    assert len(found) == len(rows)
    return found


def at(url, token=TOKEN):
    """A candidate."""
    return Candidate(name="primary", url=url, token=token)


async def run(folder, text, *arguments):
    """Run `hiq check` in a folder; returns status, output, errors."""
    (folder / "hiq.yaml").write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hiq", "check", *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **COVERAGE},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def odd_home(answers, *, first=None, auth=None, date=None):
    """A server that is nearly Home Assistant; `answers`: command -> result or None."""

    async def handle(request):
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(headers={"Date": date or formatdate(usegmt=True)})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(first or {"type": "auth_required"})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            content = message.json()
            if content["type"] == "auth":
                await socket.send_json(auth or {"type": "auth_ok", "ha_version": "1"})
                continue
            result = answers.get(content["type"])
            await socket.send_json({"type": "event", "id": 99})
            await socket.send_json(
                {
                    "id": content["id"],
                    "type": "result",
                    "success": result is not None,
                    "result": result,
                }
            )
        return socket

    app = web.Application()
    app.router.add_get("/api/websocket", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"ws://127.0.0.1:{port}/api/websocket"
    finally:
        await runner.cleanup()


async def test_all_is_well(tmp_path, simulator):
    """A reachable home, a store and a folder: status 0, one table of ok."""
    text = (
        f"home_assistant: {{url: '{simulator.url}', token: {simulator.token}}}\n"
        f"data_dir: {tmp_path / 'data'}\n"
    )
    status, out, err = await run(tmp_path, text)
    assert (status, err) == (0, ""), out + err
    assert out.endswith("all is well\n")
    assert "FAILED" not in out
    for part in (
        "home assistant\n",
        "reachable",
        "login",
        "60 entities",
        "sink sqlite",
    ):
        assert part in out
    assert simulator.token not in out


@pytest.mark.real
async def test_a_real_home_and_a_real_database(tmp_path, home_assistant, influxdb):
    """Home Assistant and InfluxDB 1.x: log in, read, write one point, read it back."""
    text = (
        f"home_assistant: {{url: '{home_assistant.url}'}}\n"
        f"influxdb: {{host: 127.0.0.1, port: {influxdb.port}, database: hiq}}\n"
        f"data_dir: {tmp_path / 'data'}\n"
    )
    (tmp_path / ".env").write_text(f"HA_TOKEN={home_assistant.token}\n")
    status, out, err = await run(tmp_path, text, "--json")
    assert status == 0, out + err
    rows = {(row["of"], row["name"]): row for row in json.loads(out)["checks"]}
    assert rows["home assistant", "login"]["detail"] == "Home Assistant 2024.3.3"
    assert "administrator" in rows["home assistant", "permissions"]["detail"]
    assert rows["home assistant", "recorder"]["detail"] == "records"
    assert rows["home assistant", "clock"]["detail"] == "both clocks agree"
    assert ("sink influxdb", "read back") in rows


async def test_failures_as_json(tmp_path):
    """Nothing listens: status 1, each failure with what to do, in one document."""
    text = (
        f"home_assistant: {{url: 'http://127.0.0.1:9', token: {TOKEN}}}\n"
        "sinks: [{type: victoriametrics, url: 'http://127.0.0.1:9'}]\n"
        f"journal: {{path: {tmp_path / 'hiq.yaml' / 'x'}}}\n"
    )
    status, out, err = await run(tmp_path, text, "--json")
    assert (status, err) == (1, ""), out + err
    document = json.loads(out)
    assert document["ok"] is False
    failed = {row["of"]: row for row in document["checks"] if not row["ok"]}
    assert set(failed) == {"home assistant", "sink victoriametrics", "journal"}
    assert all(row["advice"] for row in failed.values())


async def test_a_missing_token_is_a_matter_of_settings(tmp_path):
    """Without a token there is nothing to check: status 2 and how to make one."""
    status, out, err = await run(tmp_path, "log: {level: info}\n")
    assert (status, out) == (2, "")
    assert "no access token for Home Assistant" in err


async def test_without_home_assistant(tmp_path):
    """`enabled: false` checks the sinks and the folder only."""
    text = f"home_assistant: {{enabled: false}}\ndata_dir: {tmp_path}\n"
    status, out, _ = await run(tmp_path, text)
    assert status == 0
    assert "home assistant" not in out


async def test_a_refused_token():
    """Refused authentication says so, with the reason and the way to a new one."""
    auth = {"type": "auth_invalid", "message": "Invalid access token"}
    async with odd_home({}, auth=auth) as url:
        rows = by_name(await check_home(at(url), clock=time.time))
    assert not rows["login"].ok
    assert rows["login"].detail == "Invalid access token"
    assert "Long-lived access tokens" in rows["login"].advice


async def test_a_token_that_cannot_be_one():
    """A token of wrong form is not even sent."""
    (row,) = await check_home(at("ws://127.0.0.1:9/", "short"), clock=time.time)
    assert (row.name, row.ok) == ("token", False)
    assert "short" not in row.detail


async def test_another_server():
    """A WebSocket that is not Home Assistant's is told apart."""
    async with odd_home({}, first={"hello": 1}) as url:
        (row,) = await check_home(at(url), clock=time.time)
    assert not row.ok
    assert "this is not Home Assistant's WebSocket API" in row.detail


GOOD = {
    "auth/current_user": {"name": "hiq", "is_admin": True},
    "get_states": [
        {"entity_id": "light.a", "state": "on"},
        {"entity_id": "sun.sun", "state": "above_horizon"},
    ],
    "config/entity_registry/list": [{"entity_id": "light.a", "disabled_by": None}],
    "recorder/info": {"recording": True},
    "get_config": {"components": ["sensor", "influxdb"]},
}


async def test_what_is_found():
    """User, states, recorder, clock and the other writer have their rows."""
    async with odd_home(GOOD) as url:
        rows = by_name(await check_home(at(url), clock=time.time))
    assert all(row.ok for row in rows.values())
    assert rows["permissions"].detail == "user hiq, administrator"
    assert rows["states"].detail == "2 entities, for example sun.sun = above_horizon"
    assert rows["recorder"].detail == "records"
    assert rows["clock"].detail == "both clocks agree"
    assert "harmless" in rows["other writer"].advice


async def test_what_is_missing():
    """A user with few rights, a recorder that is off, entities that are hidden."""
    answers = {
        **GOOD,
        "auth/current_user": {"name": "guest"},
        "recorder/info": None,
        "get_config": None,
        "config/entity_registry/list": [
            {"entity_id": "light.hidden", "disabled_by": None},
            {"entity_id": "light.off", "disabled_by": "user"},
        ],
    }
    async with odd_home(answers) as url:
        rows = by_name(await check_home(at(url), clock=time.time))
    assert "no administrator" in rows["permissions"].detail
    assert rows["states"].advice.startswith("1 enabled entities")
    assert rows["recorder"].detail == "off"
    assert "cannot be fetched afterwards" in rows["recorder"].advice
    assert "other writer" not in rows


async def test_no_states_is_a_failure():
    """A user who may read nothing makes hiq useless."""
    async with odd_home({**GOOD, "get_states": []}) as url:
        rows = by_name(await check_home(at(url), clock=time.time))
    assert not rows["states"].ok


async def test_a_recorder_that_pauses():
    """A recorder that is there but does not record is told apart from none."""
    async with odd_home({**GOOD, "recorder/info": {"recording": False}}) as url:
        rows = by_name(await check_home(at(url), clock=time.time))
    assert rows["recorder"].detail == "not recording now"


@pytest.mark.parametrize(
    ("offset", "ok", "detail"),
    [
        (0, True, "agree"),
        (4, True, "agree"),
        (60, False, "60 s ahead"),
        (-3600, False, "3600 s behind"),
    ],
)
def test_clock(offset, ok, detail):
    """Up to five seconds are within what a header can tell."""
    now = 1_790_000_000.5
    row = clock_row(formatdate(int(now) + offset, usegmt=True), now, now)
    assert row.ok is ok
    assert detail in row.detail
    assert bool(row.advice) is not ok


def test_no_clock():
    """A server without a Date header is no failure."""
    row = clock_row("", 0.0, 0.0)
    assert row.ok
    assert "does not tell" in row.detail


def test_journal_folder(tmp_path):
    """A folder that can be made is made, tried, and left empty."""
    rows = check_journal(Settings(data_dir=tmp_path / "a"))
    assert [row.ok for row in rows] == [True, True]
    assert list((tmp_path / "a" / "journal").iterdir()) == []


def test_journal_without_room(tmp_path):
    """Less than what is left to others is a failure, less than the cap is a remark."""
    journal = JournalSettings(min_free_bytes=2**60)
    rows = by_name(check_journal(Settings(data_dir=tmp_path, journal=journal)))
    assert not rows["disk space"].ok
    assert "min_free_bytes" in rows["disk space"].advice
    journal = JournalSettings(min_free_bytes=0, max_bytes=2**60)
    rows = by_name(check_journal(Settings(data_dir=tmp_path, journal=journal)))
    assert rows["disk space"].ok
    assert "max_bytes" in rows["disk space"].advice


async def test_sink_that_cannot_start(tmp_path):
    """What a sink raises is a row, not a traceback."""
    path = tmp_path / "file"
    path.write_text("x")
    settings = SinkSettings(name="s", type="sqlite", path=str(path / "store.db"))
    rows = await check_sink(settings, tmp_path)
    assert [row.ok for row in rows] == [False]


def test_table():
    """Rows are aligned, advice stands below what it belongs to."""
    text = table(
        [
            Group("a", (Check("x", ok=True, detail="fine"),)),
            Group("b", (Check("long", ok=False, detail="bad", advice="do it"),)),
        ]
    )
    assert text.splitlines() == [
        "a",
        "  ok      x     fine",
        "b",
        "  FAILED  long  bad",
        "                -> do it",
    ]
