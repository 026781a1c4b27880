"""A journal that has lost its end: how far all was complete when it ended there."""

from __future__ import annotations

import msgspec
import pytest

from hiq.journal.journal import Entry, Journal
from hiq.packing import compress
from hiq.repair.memory import Memory, Parts
from hiq.repair.state import MAX_TRAIL, Folder, Hole, Note, State
from hiq.settings.schema import BackfillSettings, JournalSettings
from hiq.stats import JournalStats

SECOND_US = 1_000_000


def opened(path, journal):
    """Repair's memory of a journal."""
    parts = Parts(
        settings=BackfillSettings(),
        options={},
        schemas=("ha",),
        digest="d",
        folder=Folder(path / "backfill"),
        journal=journal,
        writer=None,
    )
    return Memory.open(parts, lambda: 1000.0)


def made(path):
    """The journal; small files, so that one can be deleted."""
    settings = JournalSettings(min_free_bytes=0)
    return Journal.open(path / "journal", settings, JournalStats(), segment_bytes=200)


def append(journal, second):
    """One record of one point at a second."""
    line = b"m,domain=a,entity_id=b value=1 %d000000000\n" % second
    entry = Entry(compress(line), 1, second * 10**9, second * 10**9)
    journal.append([("ha", entry)])


def test_what_the_end_held_is_not_complete_any_more(tmp_path):
    """The newest file is deleted: the mark goes back to where the journal ends now."""
    journal = made(tmp_path)
    memory = opened(tmp_path, journal)
    assert not memory.shortened
    memory.mark.complete_us = 0
    for second in range(100, 110):
        append(journal, second)
        memory.look()
    assert memory.mark.complete_us == 109 * SECOND_US
    journal.close()

    again = made(tmp_path)
    assert not opened(tmp_path, again).shortened
    again.close()
    files = sorted((tmp_path / "journal" / "ha").glob("*.seg"))
    ends = int(files[-2].stem)
    for file in files[-2:]:
        file.unlink()

    shorter = made(tmp_path)
    memory = opened(tmp_path, shorter)
    assert memory.shortened
    assert memory.mark.complete_us == (100 + ends - 1) * SECOND_US
    assert memory.since_s == 100 + ends - 1 - 2
    assert {key[1] for key in memory._recent} <= {
        s * SECOND_US for s in range(100, 100 + ends)
    }
    memory.save(sync=True)
    shorter.close()
    last = made(tmp_path)
    assert not opened(tmp_path, last).shortened
    last.close()


def test_the_trail_is_bounded_and_sparse_where_it_is_old():
    """Thousands of notes become a few dozen, the newest of them complete."""
    state = State(complete_us=0)
    for number in range(5_000):
        state.end, state.complete_us = number, number * 10
        state.leave_trail()
    assert len(state.trail) <= MAX_TRAIL
    assert state.trail[-3:] == [Note(n, n * 10) for n in (4_997, 4_998, 4_999)]
    ends = [note.end for note in state.trail]
    assert ends[0] < 2_500
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("end", "complete_us", "at"), [(100, 100, 90), (57, 50, 50), (3, 10, 3)]
)
def test_going_back_ends_at_the_last_note_that_still_holds(end, complete_us, at):
    """Nothing if the end is there; the oldest note if all are newer."""
    trail = [Note(n, n, n) for n in range(10, 101, 10)]
    state = State(complete_us=100, at=90, end=100, trail=trail)
    assert state.go_back(end) is (end < 100)
    assert (state.complete_us, state.at) == (complete_us, at)


def test_what_was_restored_into_a_lost_end_is_asked_for_again():
    """A hole in progress begins anew: nobody knows which of its rows went."""
    begin_us, minute_us = 10**15, 60_000_000
    hole = Hole(
        number=1,
        cause="disconnected",
        gaps=[1],
        after_us=begin_us,
        until_us=begin_us + 60 * minute_us,
        done_us=begin_us + 50 * minute_us,
    )
    trail = [Note(50, begin_us + 60 * minute_us, 50)]
    state = State(
        complete_us=trail[0].complete_us, at=50, end=100, trail=trail, holes=[hole]
    )
    assert not state.go_back(100)
    assert hole.done_us == begin_us + 50 * minute_us
    assert state.go_back(52)
    assert hole.done_us == begin_us


def test_a_filled_hole_is_asked_for_again_if_its_rows_went():
    """Notes that were left before it was filled do not go beyond its begin."""
    begin_us, minute_us = 10**15, 60_000_000
    hole = Hole(number=1, cause="disconnected", gaps=[1], after_us=begin_us)
    hole.until_us = begin_us + 60 * minute_us
    state = State(complete_us=begin_us, at=40, end=40)
    state.leave_trail()
    state.holes.append(hole)
    for end in (50, 60, 70):  # live events come while it is filled
        state.end, state.complete_us = end, hole.until_us + end
        state.leave_trail()
    state.holes.remove(hole)
    state.end, state.complete_us, state.at = 80, hole.until_us + 80, 75
    state.leave_trail()
    whole = msgspec.json.encode(state)
    assert state.go_back(65)
    assert (state.complete_us, state.at) == (begin_us, 40)
    state = msgspec.json.decode(whole, type=State)
    assert not state.go_back(80)
    assert state.complete_us == hole.until_us + 80


def test_a_trail_of_an_older_hiq_is_read():
    """Its notes had no third number."""
    state = msgspec.json.decode(
        b'{"complete_us":9,"end":7,"trail":[[5,6]]}', type=State
    )
    assert state.trail == [Note(5, 6)]
