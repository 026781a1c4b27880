"""Where a hole ends, with a recorder that shows new rows late, or never."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hiq.errors import NotReadyError
from hiq.ha.history_rows import RecorderInfo
from hiq.repair import edge as module
from hiq.repair.edge import BEHIND, LONGEST_S, QUIET_S, Edge, find_edge

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN_US = 10**15
STATE_US = BEGIN_US + 5_000_000
LIVE_US = BEGIN_US + 9_000_000


class Recorder:
    """Answers as `History` does; commits what came live at a time of its own."""

    def __init__(
        self, commits_s: float | None, backlog: int | None = 0, *, past: bool = False
    ) -> None:
        self.now_s = 0.0
        self.newest_us = 0
        self._commits_s = commits_s
        self._backlog = backlog
        self._past = past

    async def rows(
        self, entity_ids: list[str], after_us: int, until_us: int | None = None
    ) -> dict[str, list[Any]]:
        """Return a row if it is committed, or of the day before if there is a past."""
        if not entity_ids:
            return {}
        assert entity_ids == ["a.b"]
        if until_us is not None:
            assert until_us == self.newest_us - 1
            assert after_us == self.newest_us - 86_400_000_000
            return {"a.b": [object()]} if self._past else {}
        assert after_us == self.newest_us - 1
        done = self._commits_s is not None and self.now_s >= self._commits_s
        row = SimpleNamespace(updated_us=self.newest_us)
        return {"a.b": [row]} if done else {}

    async def info(self) -> RecorderInfo:
        """Say how far it is behind."""
        return RecorderInfo(backlog=self._backlog)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


async def edge_of(
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    *live: tuple[str, int],
    growing: bool = True,
) -> Edge:
    """Find the end of the hole after these events came live."""
    given = list(live)

    def journaled(_tail: object) -> Iterator[tuple[str, int]]:
        while given:
            yield given.pop()

    monkeypatch.setattr(module, "journaled", journaled)
    recorder.newest_us = LIVE_US if live else STATE_US
    history: Any = recorder
    tail: Any = SimpleNamespace(sequence=7)
    states: Any = [SimpleNamespace(entity_id="a.b", updated_us=STATE_US)]
    return await find_edge(
        history,
        states,
        tail,
        BEGIN_US,
        executor=None,
        growing=growing,
        timer=lambda: recorder.now_s,
        sleep=recorder.sleep,
    )


async def test_the_commit_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end is the event that is known to have come live."""
    recorder = Recorder(commits_s=30.0, past=True)
    edge = await edge_of(recorder, monkeypatch, ("a.b", LIVE_US))
    assert not edge.stopped
    assert (edge.until_us, edge.sequence, recorder.now_s) == (LIVE_US, 7, 30.0)
    assert list(edge.known) == [("a.b", LIVE_US)]


@pytest.mark.parametrize(
    ("commits_s", "past", "stopped"),
    [(5.0, True, False), (None, True, True), (None, False, False)],
)
async def test_where_nothing_happens_time_decides(
    monkeypatch: pytest.MonkeyPatch,
    commits_s: float | None,
    past: bool,
    stopped: bool,
) -> None:
    """The end is the newest state, which the recorder should have by then."""
    recorder = Recorder(commits_s, past=past)
    edge = await edge_of(recorder, monkeypatch)
    assert (edge.until_us, recorder.now_s) == (STATE_US, QUIET_S)
    assert edge.stopped is stopped


@pytest.mark.parametrize("backlog", [None, 0, BEHIND])
async def test_a_recorder_that_excludes_what_comes(
    monkeypatch: pytest.MonkeyPatch, backlog: int | None
) -> None:
    """Its commit is never seen, and is taken for granted."""
    recorder = Recorder(commits_s=None, backlog=backlog)
    edge = await edge_of(recorder, monkeypatch, ("a.b", LIVE_US))
    assert (edge.until_us, recorder.now_s) == (LIVE_US, LONGEST_S)
    assert not edge.stopped


async def test_a_recorder_that_was_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has the past of what came, and nothing new: nobody knows since when."""
    recorder = Recorder(commits_s=None, past=True)
    edge = await edge_of(recorder, monkeypatch, ("a.b", LIVE_US))
    assert (edge.until_us, recorder.now_s) == (LIVE_US, LONGEST_S)
    assert edge.stopped


@pytest.mark.parametrize(
    ("live", "after_s"), [([("a.b", LIVE_US)], LONGEST_S), ([], QUIET_S)]
)
async def test_a_recorder_that_is_behind(
    monkeypatch: pytest.MonkeyPatch, live: list[tuple[str, int]], after_s: float
) -> None:
    """What it has not written yet must not be taken for what never happened."""
    recorder = Recorder(commits_s=None, backlog=40_000)
    with pytest.raises(NotReadyError, match="40000 events behind"):
        await edge_of(recorder, monkeypatch, *live)
    assert recorder.now_s == after_s


@pytest.mark.parametrize(
    ("live", "until_us"), [([("a.b", LIVE_US)], LIVE_US), ([], STATE_US)]
)
async def test_a_recorder_that_does_not_record(
    monkeypatch: pytest.MonkeyPatch, live: list[tuple[str, int]], until_us: int
) -> None:
    """Nothing will come of it, so nothing is waited for."""
    recorder = Recorder(commits_s=None, backlog=40_000)
    edge = await edge_of(recorder, monkeypatch, *live, growing=False)
    assert (edge.until_us, recorder.now_s) == (until_us, 0.0)
    assert edge.stopped
