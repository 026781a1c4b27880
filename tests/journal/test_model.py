"""The journal and its cursors against a plain list, in any order of events."""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hiq.errors import JournalError
from hiq.journal.cursor import Cursor
from hiq.journal.journal import Entry, Journal
from hiq.journal.segment import Header, encode
from hiq.journal.stream import Position
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats
from tests.journal.disk import Disk

SINKS = ("one", "two")
FAULTS = st.sampled_from(["write", "sync", "create", "sync_folder", "open_end"])
TORN = encode(Header(10**6, 10**9, 7, 1, 2, 3), b"never accepted")


class JournalMachine(RuleBasedStateMachine):
    """The model: a list of what was accepted, and per sink how far it has come."""

    def __init__(self):
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.disk = Disk()
        self.accepted = []
        self.place = dict.fromkeys(SINKS, 0)
        self.saved = dict.fromkeys(SINKS, 0)
        self.numbers = iter(range(10**9))
        self.refused = {}

    def teardown(self):
        self.crash()
        shutil.rmtree(self.path)

    @initialize()
    def begin(self):
        """Open for the first time."""
        self.stats = JournalStats()
        self.journal = Journal.open(
            self.path,
            JournalSettings(min_free_bytes=0),
            self.stats,
            clock=lambda: 1.0,
            files=self.disk,
            segment_bytes=300,
        )
        self.cursors = {name: self.journal.cursor(name, "ha") for name in SINKS}

    def crash(self):
        """End as a killed process does: nothing is saved, descriptors are closed."""
        self.disk.heal()
        for stream in self.journal._room.streams.values():
            stream.seal()
        self.journal._folder.release()

    def entries(self, sizes):
        """New entries, each with a number of its own."""
        return [
            Entry(b"%06d" % next(self.numbers) + bytes(size), size + 1, 0, 0)
            for size in sizes
        ]

    @rule(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=4))
    def append(self, sizes):
        """What is appended is accepted."""
        entries = self.entries(sizes)
        self.journal.append([("ha", entry) for entry in entries])
        self.accepted += entries
        self.refused = {}

    @rule(
        sizes=st.lists(st.integers(0, 200), min_size=1, max_size=3),
        operation=FAULTS,
        partial=st.integers(0, 300),
        also=st.sampled_from(["", "truncate", "remove"]),
    )
    def fail(self, sizes, operation, partial, also):
        """An append that raises has done nothing; one that does not, has done all."""
        entries = self.entries(sizes)
        self.disk.fail(operation, errno.EIO, partial=partial)
        if also:
            self.disk.fail(also)
        try:
            self.journal.append([("ha", entry) for entry in entries])
        except JournalError:
            if also == "truncate":
                self.refused |= {entry.body: entry for entry in entries}
        else:
            self.accepted += entries
            self.refused = {}
        self.disk.heal()

    @rule(
        name=st.sampled_from(SINKS),
        points=st.integers(1, 500),
        size=st.integers(1, 500),
        members=st.booleans(),
        saves=st.booleans(),
    )
    def deliver(self, name, points, size, members, saves):
        """A cursor hands out the next entries, whole and in order."""
        cursor = self.cursors[name]
        place = self.place[name]
        chunk = cursor.read(points, size, members)
        newest = cursor.recent(points, size, members)
        assert newest in {None, chunk}
        assert cursor.has_more() == (chunk is not None)
        if chunk is None:
            assert place == len(self.accepted)
            return
        read = self.accepted[place : place + chunk.records]
        assert chunk.body == b"".join(entry.body for entry in read)
        assert chunk.points == sum(entry.points for entry in read)
        assert chunk.records == 1 or (members and chunk.points <= points)
        assert chunk.records == 1 or len(chunk.body) <= size
        ahead = cursor.read(points, size, members, chunk.end)
        assert cursor.recent(points, size, members, chunk.end) in {None, ahead}
        rest = self.accepted[place + chunk.records :]
        assert (ahead.body[:6] if ahead else None) == (
            rest[0].body[:6] if rest else None
        )
        if not saves:
            self.disk.fail("replace")
        with contextlib.suppress(JournalError):
            cursor.advance(chunk.end)
        self.disk.heal()
        self.place[name] = place + chunk.records
        if saves:
            self.saved[name] = self.place[name]

    @rule()
    def reopen(self):
        """An ordered stop saves every place."""
        self.journal.close()
        self.saved = dict(self.place)
        self.begin()
        self.find_refused()

    def find_refused(self):
        """What was refused, but could not be cut off either, may come back whole."""
        one = self.cursors["one"]
        passed = [self.points(count) for count in range(len(self.accepted) + 1)]
        behind = len(self.accepted) - passed.index(one.position.offset)
        end = Position(one.position.sequence + behind, passed[-1])
        probe = Cursor("probe", one.stream, end, one._owner, lambda *_: None)
        while chunk := probe.read(1, 1, members=False):
            self.accepted.append(self.refused.pop(chunk.body))
            probe.advance(chunk.end)
        assert self.points(len(self.accepted)) == one.end_offset
        self.refused = {}

    @rule(torn=st.integers(0, len(TORN) - 1))
    def kill(self, torn):
        """After a kill, even inside a write, a cursor is where it was saved last."""
        self.crash()
        sound = not self.refused
        files = sorted((self.path / "ha").glob("*.seg")) if sound else []
        if files:
            with files[-1].open("ab") as file:
                file.write(TORN[:torn])
        self.begin()
        self.find_refused()
        assert self.stats.torn_tails == bool(torn and files) or not sound
        for name in SINKS:
            assert self.points(self.place[name]) >= self.cursors[name].position.offset
            assert self.cursors[name].position.offset >= self.points(self.saved[name])
            while self.points(self.saved[name]) < self.cursors[name].position.offset:
                self.saved[name] += 1
            assert self.points(self.saved[name]) == self.cursors[name].position.offset
            self.place[name] = self.saved[name]

    def points(self, count):
        """The points in the first entries."""
        return sum(entry.points for entry in self.accepted[:count])

    @invariant()
    def figures_are_right(self):
        """What is pending is what was accepted and not passed; nothing is lost."""
        for name in SINKS:
            cursor = self.cursors[name]
            left = self.accepted[self.place[name] :]
            assert cursor.pending_points == sum(entry.points for entry in left)
            assert bool(cursor.pending_bytes) == bool(left)
        files = list((self.path / "ha").glob("*.seg"))
        assert self.stats.bytes <= sum(file.stat().st_size for file in files)
        assert self.stats.lost_points == 0


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
