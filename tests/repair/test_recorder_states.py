"""A recorder that cannot be asked now, that fails, or that has stopped recording."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest

from hiq.errors import CommandError
from hiq.ha.history import History
from hiq.repair import edge as edge_module
from hiq.repair import repairer as repairer_module
from tests.serving import Running, running, settings_for, until

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.settings.schema import Settings
    from hiq.simulate.server import Simulator


@pytest.fixture
def settings(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Give the settings of services that look, ask again, and find edges soon."""
    monkeypatch.setattr(repairer_module, "TICK_S", 0.05)
    monkeypatch.setattr(repairer_module, "QUIET_S", 0.5)
    monkeypatch.setattr(repairer_module, "delays", lambda: repeat(0.02))
    monkeypatch.setattr(edge_module, "POLL_S", 0.05)
    return settings_for(simulator, tmp_path)


async def leave_a_hole(it: Running, simulator: Simulator) -> None:
    """Let a hundred changes happen while the home cannot be reached."""
    await until("subscribed", lambda: it.stats.snapshot_states)
    simulator.fire(20)
    await it.settled()
    await simulator.down()
    simulator.fire(100)
    await simulator.up()
    await until("subscribed", lambda: it.stats.ha.subscribed)
    simulator.fire(1)


async def test_a_database_that_migrates_is_waited_for(
    simulator: Simulator, settings: Settings
) -> None:
    """After an update of Home Assistant that may take hours; then all is restored."""
    simulator.history.flags["migration_in_progress"] = True
    async with running(settings) as it:
        await leave_a_hole(it, simulator)
        await until("told", lambda: "migrates" in it.stats.backfill.last_error)
        assert it.stats.backfill.state == "waiting"
        assert it.stats.gaps.count("open") == 1
        simulator.history.flags.clear()
        await until("filled", lambda: it.stats.gaps.count("repaired") == 1)
        assert it.stats.backfill.points > 50


async def test_a_recorder_that_stopped_gives_what_it_has(
    simulator: Simulator, settings: Settings
) -> None:
    """The gap is lost all the same, as nobody knows what it missed."""
    simulator.history.flags["recording"] = False
    async with running(settings) as it:
        await leave_a_hole(it, simulator)
        await until("told", lambda: it.stats.gaps.count("lost") == 1)
        (gap,) = it.stats.gaps.gaps
        assert "does not record" in gap.outcome
        assert it.stats.backfill.points == gap.points > 50


async def test_a_recorder_that_was_switched_off_is_found_out(
    simulator: Simulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`recorder.disable`: it says that all is well, and shows nothing new."""
    monkeypatch.setattr(edge_module, "LONGEST_S", 1.0)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(100)
        await it.settled()
        await simulator.down()
        simulator.fire(100)
        simulator.history.enabled = False
        simulator.fire(100)
        await simulator.up()
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.fire(10)
        await until("told", lambda: it.stats.gaps.count("lost") == 1)
        (gap,) = it.stats.gaps.gaps
        assert "does not record" in gap.outcome
        assert 50 < it.stats.backfill.points <= 100


@pytest.mark.parametrize("failures", [3, 10_000])
async def test_a_recorder_that_fails_is_asked_again(
    simulator: Simulator,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
) -> None:
    """A locked database is no reason to give a hole up; one that stays so is."""
    asked = 0
    real = History.info

    async def failing(self: History) -> Any:
        nonlocal asked
        asked += 1
        if asked <= failures:
            raise CommandError("recorder/info", "unknown_error", "database is locked")
        return await real(self)

    monkeypatch.setattr(History, "info", failing)
    async with running(settings) as it:
        await leave_a_hole(it, simulator)
        gaps = it.stats.gaps
        await until("told", lambda: gaps.count("lost") + gaps.count("repaired") == 1)
        (gap,) = gaps.gaps
    if failures == 3:
        assert gap.state == "repaired"
        assert asked > failures
    else:
        assert (gap.state, asked) == ("lost", repairer_module.ATTEMPTS)
        assert "database is locked" in gap.outcome
