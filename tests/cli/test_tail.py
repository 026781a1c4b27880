"""`hiq tail`: events as text, as lines, for programs; filters, tokens, ends."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click import unstyle
from click.testing import CliRunner

from hiq.cli import cli
from hiq.cli.tail import as_line_protocol, as_text, missed
from hiq.client import Event, Gap
from hiq.errors import ServiceUnreachable
from tests.clients.serving import Hiq, hiq_serve


def event(new: Any, old: Any = None, entity_id: str = "sensor.attic") -> Event:
    """A change of an entity."""
    data = {"entity_id": entity_id, "new_state": new, "old_state": old}
    fired = {"event_type": "state_changed", "time_fired": "2026-01-02T03:04:05.6+00:00"}
    return Event(1, "e_1", {**fired, "data": data})


def state(text: str, **attributes: Any) -> dict[str, Any]:
    """A state as Home Assistant has it."""
    moment = "2026-01-02T03:04:05.600000+00:00"
    return {
        "entity_id": "sensor.attic", "state": text, "attributes": attributes,
        "last_changed": moment, "last_updated": moment,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            event(state("21.5", unit_of_measurement="°C"), state("21.4")),
            "sensor.attic  21.5 °C  (was 21.4)",
        ),
        (event(state("on")), "sensor.attic  on  (new)"),
        (event(state("on"), state("on")), "sensor.attic  on  (attributes)"),
        (event(None, state("on")), "sensor.attic  removed"),
        (Event(1, "e", {"event_type": "automation_triggered"}), "automation_triggered"),
    ],
)
def test_an_event_as_text(one: Event, said: str) -> None:
    """What it is now, and what it was."""
    assert unstyle(as_text(one)).split("  ", 1)[1] == said


def test_a_state_cannot_move_the_cursor() -> None:
    """What some device says is text, not commands to the terminal."""
    assert "\x1b[2J" not in unstyle(as_text(event(state("\x1b[2Jgone"), state("x"))))


def test_the_line_of_an_event_and_of_none() -> None:
    """The line that hiq makes; nothing where it makes no point."""
    show = as_line_protocol({"schema": "ha"})
    line = show(event(state("21.5", unit_of_measurement="°C")))
    assert line.startswith("°C,domain=sensor,entity_id=attic value=21.5 1767323045600")
    assert show(event(state("unavailable"))) == ""


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (Gap(3, 5, "overflow"), "3 events were missed: overflow"),
        (Gap(3, None, "session_expired"), "after number 2 were missed"),
        (Gap(3, 3, "restart", "10:00"), "restarted; nothing of the time since 10:00"),
    ],
)
def test_a_gap_is_told(gap: Gap, said: str) -> None:
    """How many, and why."""
    assert said in missed(gap)


async def tail(hiq: Hiq, *arguments: str, changes: int = 1) -> tuple[int, str, str]:
    """Run it against a service; change a lamp until it ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hiq", "tail", "--url", hiq.url, *arguments,
        env={**os.environ, "HIQ_TOKEN": hiq.token()},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    ended = asyncio.create_task(process.communicate())
    number = 0
    async with asyncio.timeout(20):
        while not ended.done():
            number += 1
            hiq.home.set("light.lamp", str(number), {})
            hiq.home.set("sensor.other", str(number), {"unit_of_measurement": "W"})
            await asyncio.sleep(0.05)
    out, err = await ended
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_it_prints_what_passes(tmp_path: Path) -> None:
    """Text, JSON and lines of a running service, as many as wanted, by filter."""
    async with hiq_serve(tmp_path) as hiq:
        status, out, _ = await tail(hiq, "light.*", "--count", "2")
        assert status == 0
        assert [line.split()[1] for line in out.splitlines()] == ["light.lamp"] * 2
        status, out, _ = await tail(hiq, "--domain", "sensor", "--count", "1", "--json")
        assert json.loads(out)["event"]["data"]["entity_id"] == "sensor.other"
        status, out, _ = await tail(hiq, "sensor.other", "--count", "1", "--lines")
        assert out.startswith("W,domain=sensor,entity_id=other value=")
        (tmp_path / "token").write_text("nonsense\n")
        bad = ("--token-file", str(tmp_path / "token"))
        status, _, err = await tail(hiq, *bad)
        assert status == 2
        assert "INVALID_FORMAT" in err


def test_nothing_there_is_a_status() -> None:
    """A service that does not answer is 3, as for every command that asks it."""
    found = CliRunner().invoke(cli, ["tail", "--url", "http://127.0.0.1:9"])
    assert isinstance(found.exception, ServiceUnreachable)


def test_two_forms_at_once_are_refused() -> None:
    """One line is either JSON or line protocol."""
    found = CliRunner().invoke(cli, ["tail", "--json", "--lines"])
    assert found.exit_code == 2
    assert "one of the two" in found.output
