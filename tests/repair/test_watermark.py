"""How the mark follows what is journaled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from isal import isal_zlib

from hiq.journal.journal import Entry
from hiq.journal.segment import Source
from hiq.repair.state import MARGIN_US, State
from hiq.repair.watermark import Watermark
from tests.journal.conftest import home as home  # noqa: PLC0414  a fixture

SECOND = 1_000_000


def journal_one(journal, name, time_us, source=Source.LIVE):
    """Append one point."""
    line = b"m,domain=sensor,entity_id=%b v=1 %d\n" % (name.encode(), time_us * 1000)
    body = isal_zlib.compress(line, 1, 31)
    stamp = time_us * 1000
    journal.append([("ha", Entry(body, 1, stamp, stamp, source))])


def following(journal, state):
    """A mark that follows a journal."""
    return Watermark(state, partial(journal.take_latest, "ha"))


def test_the_mark_follows_live_records_only(home):
    """The newest live time is the mark; restored points do not move it."""
    journal = home.open()
    mark = following(journal, State(complete_us=5))
    assert not mark.look(moving=True)
    journal_one(journal, "a", 100 * SECOND)
    journal_one(journal, "b", 900 * SECOND, Source.BACKFILL)
    assert mark.look(moving=True)
    assert mark.complete_us == 100 * SECOND
    assert mark.delivered(100 * SECOND - MARGIN_US)
    assert not mark.delivered(100 * SECOND - MARGIN_US + 1)
    journal.close()


def test_it_stands_still_while_an_end_is_unknown(home):
    """With an open hole neither the mark nor what is held moves, then it jumps."""
    journal = home.open()
    mark = following(journal, State(complete_us=5, at=0))
    for number in range(5):
        journal_one(journal, "a", (100 + number) * SECOND)
        assert not mark.look(moving=False)
    assert (mark.complete_us, mark.sequence) == (5, 0)
    mark.jump(104 * SECOND, 5)
    assert (mark.complete_us, mark.sequence) == (104 * SECOND, 0)
    journal_one(journal, "a", 200 * SECOND)
    assert mark.look(moving=True)
    assert mark.sequence == 5
    journal.close()


def test_what_is_near_the_mark_is_held(home):
    """Records with times within the margin of the mark are after `sequence`."""
    journal = home.open()
    mark = following(journal, State(complete_us=0, at=0))
    for tenth in range(200):
        journal_one(journal, "a", 100 * SECOND + tenth * SECOND // 10)
        mark.look(moving=True)
        assert mark.complete_us is not None
        held = journal.scout("ha", mark.sequence).read()
        oldest = min(header.first_ns for header, _ in held) // 1000
        assert oldest <= max(100 * SECOND, mark.complete_us - MARGIN_US)
    assert mark.sequence > 100
    journal.close()


def test_a_clock_that_was_set_back(home):
    """One older record is a state at connect; older ones for longer move the mark."""
    journal = home.open()
    mark = following(journal, State(complete_us=0))
    journal_one(journal, "a", 1000 * SECOND)
    assert mark.look(moving=True)
    journal_one(journal, "a", 500 * SECOND)
    assert not mark.look(moving=True)
    assert mark.complete_us == 1000 * SECOND
    journal_one(journal, "a", 501 * SECOND)
    assert mark.look(moving=True)
    assert mark.complete_us == 501 * SECOND
    journal.close()


def test_what_was_journaled_before_does_not_move_it(home):
    """It begins with what comes from now on; what one look saw, the next does not."""
    journal = home.open()
    journal_one(journal, "a", 100 * SECOND)
    mark = following(journal, State(complete_us=5))
    assert mark.seen == 1
    assert not mark.look(moving=True)
    journal_one(journal, "a", 300 * SECOND)
    journal_one(journal, "a", 200 * SECOND)
    assert mark.look(moving=True)
    assert (mark.complete_us, mark.seen) == (300 * SECOND, 3)
    assert not mark.look(moving=True)
    journal.close()


def test_no_file_is_read(home):
    """What was journaled is not read again: that would cost more than making it."""
    journal = home.open()
    mark = following(journal, State(complete_us=5))
    journal_one(journal, "a", 100 * SECOND)
    for path in home.path.glob("ha/*"):
        path.unlink()
    assert mark.look(moving=True)
    assert mark.complete_us == 100 * SECOND
    journal.close()


def test_a_disk_that_hangs_is_not_waited_for(home):
    """The thread that asks reads for the sinks, too."""
    journal = home.open()
    mark = following(journal, State(complete_us=5))
    journal_one(journal, "a", 100 * SECOND)
    with journal._writing, ThreadPoolExecutor(1) as thread:  # as an append does
        looked = thread.submit(mark.look, moving=True)
        assert looked.result(5.0)
    assert mark.complete_us == 100 * SECOND
    journal.close()
