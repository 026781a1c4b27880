"""`hiq top`: rates between two looks, on a screen, in lines, and for programs."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys

from click import unstyle
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.cli.top import Look, line, screen
from tests.web.serving import served

COVERAGE = {k: v for k, v in os.environ.items() if k.startswith("COVERAGE")}


def health(received: int = 0, written: int = 0, **more: object) -> dict[str, object]:
    """The parts of /health that are shown."""
    names = ("filtered", "skipped", "duplicate", "rejected")
    return {
        "timestamp": "2026-01-02T03:04:05.678901+00:00",
        "version": "1.2.3",
        "status": "degraded",
        "reasons": ["sink:db: is being retried"],
        "uptime_seconds": 90_061,
        "home_assistant": {"state": "CONNECTED", "url": "http://ha.lan:8123"},
        "counters": {
            "received": received,
            "accepted": received,
            **dict.fromkeys(names, 0),
        },
        "journal": {"bytes": 3 * 2**20, "max_bytes": 12 * 2**20},
        "sinks": {
            "db": {
                "state": "retrying",
                "written": written,
                "pending": 1234,
                "lag_seconds": 5.5,
                "last_error": "connection refused",
            }
        },
        "gaps": {"open": 1, "repaired": 2, "lost": 3},
        **more,
    }


def two(first: dict[str, object], second: dict[str, object]) -> Look:
    """The second of two looks, two seconds apart."""
    return Look(second, 12.0, Look(first, 10.0, None))


async def invoke(*arguments: str) -> Result:
    """Run the command in a thread, while the loop serves."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["top", *arguments])


def test_the_screen_shows_rates_and_what_is_wrong() -> None:
    """Events a second, the journal as a bar, each sink with its trouble, gaps."""
    text = unstyle("\n".join(screen(two(health(100, 50), health(300, 60)))))
    assert "hiq 1.2.3  degraded  up 1 d 1:01:01" in text
    assert "! sink:db: is being retried" in text
    assert "received           100.0 /s" in text
    assert "[######..................] 3.0 MiB of 12.0 MiB" in text
    assert "db              retrying           5.0       1,234     5.5 s" in text
    assert "connection refused" in text
    assert "gaps: 1 open, 3 lost" in text


def test_a_restart_or_a_new_sink_makes_no_odd_rates() -> None:
    """Counters that have begun anew, or were not there, are no negative rates."""
    look = two(health(100, 50), health(1, 0))
    assert look.rate("counters", "received") == 0.0
    fresh = health(5, 5)
    fresh["sinks"] = {"other": {**fresh["sinks"]["db"], "written": 8}}
    assert two(health(), fresh).rate("sinks", "other", "written") == 4.0
    assert Look(health(7), 1.0, None).rate("counters", "received") == 0.0
    assert "0.0 events/s" in line(Look(health(7), 1.0, None))


async def test_a_pipe_gets_a_line_or_a_document_for_each_look() -> None:
    """Without a terminal there are no colours and no control signs."""
    async with served() as hiq:
        arguments = ("--url", hiq.server.url, "--count", "2", "--interval", "0.1")
        lines = await invoke(*arguments)
        documents = await invoke(*arguments, "--json")
    assert lines.exit_code == documents.exit_code == 0
    assert "\x1b" not in lines.output
    assert lines.output.count(" healthy  0.0 events/s  ") == 2
    found = [json.loads(text) for text in documents.output.splitlines()]
    assert [one["status"] for one in found] == ["healthy", "healthy"]
    assert "influxdb" in found[1]["sinks"]


async def test_nobody_there_is_status_3() -> None:
    """As for every command that asks the service."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hiq", "top", "--url", "http://127.0.0.1:9"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 3
    assert b"127.0.0.1:9" in err


async def test_on_a_terminal_it_draws_until_interrupted() -> None:
    """The screen is drawn anew; Ctrl-C is the ordinary end, status 0."""
    async with served() as hiq:

        def run() -> tuple[int, bytes]:
            ours, theirs = pty.openpty()
            process = subprocess.Popen(
                [sys.executable, "-m", "hiq", "top", "--url", hiq.server.url],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env={"PATH": os.environ["PATH"], "TERM": "xterm", **COVERAGE},
            )
            os.close(theirs)
            seen = b""
            while seen.count(b"Ctrl-C ends") < 2:
                seen += os.read(ours, 4096)
            process.send_signal(signal.SIGINT)
            status = process.wait(30)
            os.close(ours)
            return status, seen

        status, seen = await asyncio.to_thread(run)
    assert status == 0
    assert seen.count(b"\x1b[H\x1b[2J") >= 2
    assert b"\x1b[32m" in seen
