"""The file of the totals: what outlives a run, and what damage does."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from hiq.stats import MOST_KINDS, Stats
from hiq.totals import NAME, PLACE_BYTES, Totals


def totals(
    path: Path, events: dict[str, int] | None = None, now: float = 5.0
) -> Totals:
    """Return the totals of a run that has counted these events."""
    found = {} if events is None else events
    return Totals(path / NAME, lambda: found, now)


def test_totals_go_on_in_the_next_run(tmp_path: Path) -> None:
    """Each run adds its own, by type; the beginning stays."""
    for run in range(1, 6):
        it = totals(tmp_path, {"state_changed": 100, "call_service": run}, now=run)
        it.save()
        assert it.events()["state_changed"] == run * 100
    last = totals(tmp_path)
    assert last.events() == {"state_changed": 500, "call_service": 15}
    assert last.since == 1.0


def test_what_was_saved_outlives_a_kill(tmp_path: Path) -> None:
    """Nothing need be closed: the last save counts, what came later does not."""
    events = {"state_changed": 1}
    it = totals(tmp_path, events)
    for count in range(2, 9):
        events["state_changed"] = count
        it.save()
        assert totals(tmp_path).events() == events
    events["state_changed"] = 99
    assert totals(tmp_path).events() == {"state_changed": 8}


@pytest.mark.parametrize("cut", [0, 1, 40, PLACE_BYTES - 1])
def test_a_torn_save_leaves_the_one_before(tmp_path: Path, cut: int) -> None:
    """A power cut within a save: the other place still counts."""
    events = {"state_changed": 1}
    it = totals(tmp_path, events)
    it.save()
    before = (tmp_path / NAME).read_bytes()
    events["state_changed"] = 2
    it.save()
    after = (tmp_path / NAME).read_bytes()
    torn = before + after[len(before) :][:cut]
    (tmp_path / NAME).write_bytes(torn)
    again = totals(tmp_path, {"state_changed": 10})
    whole = cut >= len(after[PLACE_BYTES:].rstrip())
    assert again.events() == {"state_changed": (2 if whole else 1) + 10}
    again.save()
    assert totals(tmp_path).events() == again.events()


@pytest.mark.parametrize("data", [b"", b"x" * 5000, b"\0" * 2 * PLACE_BYTES])
def test_damage_is_told_and_counting_begins_anew(
    tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that holds no totals stops nothing."""
    (tmp_path / NAME).write_bytes(data)
    it = totals(tmp_path, {"state_changed": 3})
    assert "damaged" in caplog.text
    it.save(sync=True)
    assert totals(tmp_path).events() == {"state_changed": 3}


def test_a_disk_that_fails_is_told_once_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried again at each save; the totals are right when it works again."""
    it = totals(tmp_path, {"state_changed": 3})
    write = os.pwrite

    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    it.save()
    it.save()
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 1
    monkeypatch.setattr(os, "pwrite", write)
    it.save()
    assert totals(tmp_path).events() == {"state_changed": 3}


def test_nothing_is_written_while_nothing_changed(tmp_path: Path) -> None:
    """A save without news leaves the file alone."""
    it = totals(tmp_path, {"state_changed": 3})
    it.save()
    (tmp_path / NAME).unlink()
    it.save()
    assert not (tmp_path / NAME).exists()


def test_types_have_a_bound_over_all_runs(tmp_path: Path) -> None:
    """However many types come: a place holds them, and none is lost from the sum."""
    for run in range(4):
        stats = Stats(changes=1)
        for number in range(100):
            stats.count_other(f"run_{run}_type_{number}_" + "x" * 30)
            stats.count_other("\x00 not a type")
        it = Totals(tmp_path / NAME, stats.events_by_type, 0.0)
        it.save()
    assert (tmp_path / NAME).stat().st_size == 2 * PLACE_BYTES
    found = totals(tmp_path).events()
    assert sum(found.values()) == 4 * 201
    assert len(found) <= MOST_KINDS + 1
    assert found["state_changed"] == 4
