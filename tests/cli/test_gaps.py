"""`hiq gaps` against a served ledger."""

from __future__ import annotations

import asyncio
import json

from click.testing import CliRunner, Result

from hiq.cli import cli
from tests.web.serving import NOW, served


async def invoke(*arguments: str) -> Result:
    """Run the command in a thread, while the loop serves."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["gaps", *arguments])


async def test_for_people_and_as_json() -> None:
    """Each gap is one line with span, cause and fate; --json has the same."""
    async with served() as hiq:
        book = hiq.stats.gaps
        number = book.open("disconnected", NOW, source="home_assistant", detail="cut")
        book.open("stopped", NOW, source="home_assistant")
        book.settle(number, "repaired", "backfill", end_s=NOW + 60, points=7)
        result = await invoke("--url", hiq.server.url)
        assert result.exit_code == 0, result.output
        first, second, counts = result.output.splitlines()
        assert first == (
            "repaired  2026-09-21T14:13:20Z to 2026-09-21T14:14:20Z  home_assistant: "
            "disconnected (cut): backfill, 7 points"
        )
        assert "to now  home_assistant: stopped: not settled yet" in second
        assert counts == "1 open, 1 repaired, 0 lost"
        found = json.loads((await invoke("--url", hiq.server.url, "--json")).output)
        assert [gap["state"] for gap in found["gaps"]] == ["repaired", "open"]


async def test_a_loss_is_status_1() -> None:
    """What stays missing is shown alone with --lost, and gives status 1."""
    async with served() as hiq:
        book = hiq.stats.gaps
        book.open("stopped", NOW, source="home_assistant")
        book.record("journal_full", NOW, NOW, source="journal", outcome="dropped")
        result = await invoke("--url", hiq.server.url, "--lost")
        assert result.exit_code == 1
        assert result.output.splitlines()[0].startswith("lost")
        assert len(result.output.splitlines()) == 2


async def test_nothing_answers() -> None:
    """Without a service there is no answer: ServiceUnreachable, status 3 of hiq."""
    result = await invoke("--url", "http://127.0.0.1:1")
    assert type(result.exception).__name__ == "ServiceUnreachable"
