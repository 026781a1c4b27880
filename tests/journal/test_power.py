"""Power cuts at any moment: journal, cursors and dead letters against plain lists."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from hiq.deadletters import DeadLetter, DeadLetters
from hiq.errors import JournalError
from hiq.journal.journal import Entry, Journal
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats
from tests.journal.power import PowerCutError, PowerFiles

SINKS = ("one", "two")


class PowerMachine(RuleBasedStateMachine):
    """The model: lists of what was accepted, delivered and put to the dead letters."""

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp()) / "disk"
        self.root.mkdir()
        self.files = PowerFiles(self.root)
        self.accepted = []
        self.delivered = dict.fromkeys(SINKS, 0)
        self.letters = []
        self.unaccepted = 0
        self.numbers = iter(range(10**9))

    def teardown(self):
        self.end()
        shutil.rmtree(self.root.parent)

    @initialize()
    def begin(self):
        """Open, as a start of hiq does."""
        self.losses = []
        self.journal = Journal.open(
            self.root / "journal",
            JournalSettings(min_free_bytes=0),
            JournalStats(),
            clock=lambda: 1.0,
            files=self.files,
            segment_bytes=300,
            on_loss=self.losses.append,
        )
        self.cursors = {name: self.journal.cursor(name, "ha") for name in SINKS}
        self.dead = DeadLetters(
            self.root / "dead" / "db.ndjson", max_bytes=400, files=self.files
        )

    def end(self):
        """Close what a process holds open."""
        self.files.die_after(0)
        for stream in self.journal._room.streams.values():
            stream.seal()
        self.journal._folder.release()
        self.files.die_after(10**9)

    def entries(self, sizes):
        return [
            Entry(b"%06d" % next(self.numbers) + bytes(size), size + 1, 0, 0)
            for size in sizes
        ]

    @rule(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=4))
    def append(self, sizes):
        """What an append has returned for is accepted."""
        entries = self.entries(sizes)
        self.journal.append([("ha", entry) for entry in entries])
        self.accepted += entries

    @rule(name=st.sampled_from(SINKS), points=st.integers(1, 500))
    def deliver(self, name, points):
        """What was read in order is delivered, and the cursor moves."""
        chunk = self.cursors[name].read(points, 10**6)
        if chunk is not None:
            self.delivered[name] += chunk.records
            self.cursors[name].advance(chunk.end)

    @rule(count=st.integers(1, 3))
    def bury(self, count):
        """What was put to the dead letters is there until they rotate twice."""
        new = [b"m v=1 %d" % next(self.numbers) for _ in range(count)]
        self.dead.append([DeadLetter(line, "why", 1.0, "db") for line in new])
        self.letters += new

    @rule()
    def restart(self):
        """An ordered stop and a start."""
        self.journal.close()
        self.begin()

    @rule(seed=st.integers(0, 2**32), torn=st.booleans(), steps=st.integers(0, 9))
    def cut(self, seed, torn, steps):
        """The power goes, perhaps in the midst of an append, and comes again."""
        entries = self.entries([10, 150]) if torn else []
        letter = b"m v=2 %d" % next(self.numbers)
        if torn:
            self.files.die_after(steps)
            with contextlib.suppress(PowerCutError, JournalError):
                self.journal.append([("ha", entry) for entry in entries])
                self.accepted += entries
                entries = []
                self.dead.append([DeadLetter(letter, "why", 1.0, "db")])
                self.letters.append(letter)
        self.end()
        self.files.cut(Random(seed))
        self.begin()
        what_a_power_cut_may_leave(self, entries, letter)


def what_a_power_cut_may_leave(machine, under_way, letter):
    """No accepted entry and no letter is lost; a cursor only errs towards again.

    Of an append that was under way any first part may be there. The rest of it may be
    told as lost: it was, although never accepted.
    """
    machine.unaccepted += sum(entry.points for entry in under_way)
    for name in SINKS:
        cursor = machine.cursors[name]
        start = cursor.position
        bodies = []
        while (chunk := cursor.read(1, 1, members=False)) is not None:
            bodies.append(chunk.body)
            cursor.position = chunk.end
        cursor.position = start
        whole = next(
            entries
            for n in range(len(under_way) + 1)
            if ends_with(entries := machine.accepted + under_way[:n], bodies)
        )
        place = len(whole) - len(bodies)
        assert place <= machine.delivered[name]
        machine.delivered[name] = place
        points = sum(entry.points for entry in whole[place:])
        hole = cursor.end_offset - start.offset - points
        assert 0 <= hole <= machine.unaccepted
    machine.accepted = whole
    for loss in machine.losses:
        assert (loss.points or 0) <= machine.unaccepted
        assert loss.cause == "damaged"  # no segment went before its cursors moved
    found = [each.line for each in machine.dead.read()]
    if letter in found and letter not in machine.letters:
        machine.letters.append(letter)
    assert found == machine.letters[len(machine.letters) - len(found) :]
    assert len(found) >= min(len(machine.letters), 3)


def ends_with(entries, bodies):
    """Whether these are the bodies of the last entries."""
    return [entry.body for entry in entries[len(entries) - len(bodies) :]] == bodies


TestPower = PowerMachine.TestCase
TestPower.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_what_a_power_cut_may_leave():
    """The state machine above is what this sentence rests on; here one plain run."""
    machine = PowerMachine()
    machine.begin()
    for seed in range(60):
        machine.append([seed])
        for name in SINKS * 3:
            machine.deliver(name, 1)
        machine.bury(1)
        machine.cut(seed, torn=seed % 3 == 0, steps=seed % 5)
    assert len(machine.accepted) >= 60
    machine.teardown()
