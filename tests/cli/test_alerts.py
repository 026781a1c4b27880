"""`hiq alerts` against a served book."""

from __future__ import annotations

import asyncio
import json

from click.testing import CliRunner, Result

from hiq.cli import cli
from tests.web.serving import NOW, Served, served
from tests.web.test_service_routes import fill


async def invoke(*arguments: str) -> Result:
    """Run the command in a thread, while the loop serves."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["alerts", *arguments])


def url(hiq: Served) -> tuple[str, str]:
    """Return where it is."""
    return "--url", hiq.server.url


async def test_without_alerts_the_status_is_0() -> None:
    """One line says that there is none."""
    async with served() as hiq:
        fill(hiq)
        result = await invoke(*url(hiq))
        assert (result.exit_code, result.output) == (0, "no alerts\n")


async def test_an_alert_is_status_1_and_says_what_to_do() -> None:
    """Key, since when, and the words; what is over only if asked for; JSON as it is."""
    async with served() as hiq:
        fill(hiq)
        book = hiq.parts.alarms.alerts  # type: ignore[union-attr]
        book.raise_("latency:db", "warning", "It was slow", NOW - 60)
        book.clear("latency:db", NOW - 30)
        book.raise_("ha_silent", "critical", "Nothing comes. Do this", NOW)
        result = await invoke(*url(hiq))
        assert result.exit_code == 1
        assert result.output.splitlines() == [
            "critical  2026-09-21T14:13:20Z  ha_silent",
            "          Nothing comes. Do this",
            "1 alert",
        ]
        text = (await invoke(*url(hiq), "--history")).output
        assert "over      2026-09-21T14:12:20Z  latency:db  (30 s)" in text
        found = json.loads((await invoke(*url(hiq), "--json")).output)
        assert [one["key"] for one in found["active"]] == ["ha_silent"]


async def test_a_service_without_a_monitor() -> None:
    """What it answers is no list of alerts: ServiceUnreachable, status 3 of hiq."""
    async with served() as hiq:
        result = await invoke(*url(hiq))
    assert type(result.exception).__name__ == "ServiceUnreachable"
