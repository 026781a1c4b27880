"""Who is told of a violation, how often, and what becomes of what cannot be told."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hiq.assure.contracts import Code, Violation
from hiq.contracted.points import violation_point
from hiq.contracted.reports import MOST_WAITING, Reports
from hiq.deadletters import DeadLetters
from hiq.ha.commands import Question
from hiq.settings.schema import ContractsSettings
from tests.lineprotocol import decode_one

BROKEN = Violation("mine", "r 1", Code.GAP_EXCEEDED, "a", 'said "no"', ("a@1",), 31.0)


class World:
    """Everybody who can be told, and the time."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.now = 1000.0
        self.lines: list[bytes] = []
        self.frames: list[bytes] = []
        self.asked: list[Question] = []
        self.room = self.connected = True
        self.letters = DeadLetters(folder / "dead.ndjson")
        self.reports = Reports(
            ContractsSettings(**settings),
            extra=self,
            letters=self.letters,
            in_thread=self.in_thread,
            to_clients=self.frames.append,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
        )

    def add(self, kind: str, lines: bytes, times_ns: Sequence[int]) -> bool:
        """Stand in for the way into the journal."""
        assert kind == "contracts"
        assert len(times_ns) == 1
        if self.room:
            self.lines.append(lines)
        return self.room

    def ask(self, question: Question) -> bool:
        """Stand in for the connection."""
        self.asked.append(question)
        return self.connected

    async def in_thread(self, work: Callable[[], object]) -> object:
        """Work at once."""
        return work()

    def tell(self, violation: Violation = BROKEN) -> None:
        """Tell a violation."""
        self.reports.tell(violation, self.ask)


def test_a_violation_is_a_point() -> None:
    """Contract and code are tags, texts and the length are fields."""
    point = decode_one(violation_point(5, BROKEN).removesuffix(b"\n"))
    assert point.measurement == "hiq_contracts"
    assert point.tags == {"contract": "mine", "code": "GAP_EXCEEDED"}
    assert point.fields == {
        "after": 31.0,
        "correlation": "r 1",
        "message": 'said "no"',
        "step": "a",
    }
    assert point.time_ns == 5


def test_two_at_once_are_two_points(tmp_path: Path) -> None:
    """No point takes the place of another one."""
    world = World(tmp_path)
    world.tell()
    world.tell()
    stamps = {decode_one(line.removesuffix(b"\n")).time_ns for line in world.lines}
    assert len(stamps) == 2


def test_points_may_be_unwanted(tmp_path: Path) -> None:
    """Clients get it all the same."""
    world = World(tmp_path, points=False)
    world.tell()
    assert world.lines == []
    assert json.loads(world.frames[0])["code"] == "GAP_EXCEEDED"


def test_without_room_the_point_is_counted(tmp_path: Path) -> None:
    """Nothing is raised."""
    world = World(tmp_path)
    world.room = False
    world.tell()
    assert world.reports.untold == {"points": 1}


def test_the_log_has_one_of_each_kind_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next one says how many were left out; a warning is no warning in the log."""
    caplog.set_level(logging.INFO, "hiq.contracts")
    world = World(tmp_path)
    for _ in range(5):
        world.tell()
    world.tell(Violation("mine", "r", Code.TOO_SHORT, "a", "short"))
    world.now += 61.0
    world.tell()
    found = [(r.levelname, getattr(r, "suppressed", 0)) for r in caplog.records]
    assert found == [("WARNING", 0), ("INFO", 0), ("WARNING", 4)]


@pytest.mark.parametrize(
    ("tell", "names"),
    [
        ("nobody", []),
        ("event", ["fire_event"]),
        ("notification", ["call_service"]),
    ],
)
def test_home_assistant_is_told_as_it_was_asked_for(
    tell: Any, names: list[str], tmp_path: Path
) -> None:
    """Once a minute for each contract and code; what was not sent is counted."""
    world = World(tmp_path, tell=tell)
    world.connected = False
    world.tell()
    world.tell()
    assert [question.name for question in world.asked] == names
    assert world.reports.untold["home_assistant"] == len(names)


async def test_sources_are_kept_once_the_disk_takes_them(tmp_path: Path) -> None:
    """Until then they wait, bounded."""
    world = World(tmp_path)
    source = Violation("mine", "r", Code.DUPLICATE, "a", "twice", source=b'{"a":1}')
    folder = world.letters.path
    folder.mkdir()  # a folder where the file should be
    for _ in range(MOST_WAITING + 1):
        world.tell(source)
    await world.reports.flush()
    assert world.reports.waiting == MOST_WAITING
    assert world.reports.untold == {"dead_letters": 1}
    folder.rmdir()
    await world.reports.flush()
    assert world.reports.waiting == 0
    assert len(list(world.letters.read())) == MOST_WAITING
