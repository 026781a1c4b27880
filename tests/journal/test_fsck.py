"""A look from outside tells what is there, what is hurt, and changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from hiq.errors import JournalLocked
from hiq.journal.fsck import bodies, owner, survey
from hiq.journal.mend import repair
from hiq.journal.segment import HEADER_SIZE
from tests.journal.home import append, drain

RECORD = HEADER_SIZE + 102


@pytest.fixture
def filled(home):
    """A closed journal of six records in three files, of which `db` has two."""
    journal = home.open(segment_bytes=300)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(6))
    cursor.advance(cursor.read(20, 1 << 20).end)
    journal.close()
    return home


def files(home):
    return sorted((home.path / "ha").glob("*.seg"))


def hurt(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


def content(path):
    """Every file of a folder, with its bytes."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def test_a_sound_journal(filled):
    """Files, records, points, spans and the places of the sinks; no finding."""
    before = content(filled.path)
    found = survey(filled.path)
    assert content(filled.path) == before
    assert (found.findings, found.owner, found.aside) == ([], None, [])
    assert [s.records for s in found.segments] == [2, 2]
    assert sum(s.points for s in found.segments) == 40
    assert (found.segments[0].first_ns, found.segments[-1].last_ns) == (2, 10)
    (place,) = found.cursors
    assert (place.sink, place.sequence, place.offset, place.pending) == (
        "db",
        2,
        20,
        40,
    )


def test_beside_a_running_service(home):
    """It is seen who has the journal, and a write under way is no finding."""
    journal = home.open()
    append(journal, 1)
    assert owner(home.path) == str(os.getpid())
    with files(home)[0].open("ab") as file:
        file.write(b"\xb5hiQ\x02\x00")
    found = survey(home.path)
    assert (found.owner, found.findings) == (str(os.getpid()), [])
    with pytest.raises(JournalLocked, match=f"process {os.getpid()}"):
        repair(home.path)
    journal.close()
    assert [f.kind for f in survey(home.path).findings] == ["torn"]


def test_every_damage_is_found_with_its_points(filled):
    """Each byte of a file flipped in turn: one finding, of the right record."""
    path = files(filled)[0]
    data = path.read_bytes()
    for at in range(0, len(data), 3):
        hurt(path, at)
        (finding,) = survey(filled.path).findings
        record = at // RECORD
        assert (finding.kind, finding.file) == ("damaged", f"ha/{path.name}")
        assert (finding.start, finding.end) == (
            record * RECORD,
            record * RECORD + RECORD,
        )
        exact = at % RECORD >= HEADER_SIZE - 4  # behind the header's own checksum
        assert finding.span.exact == exact
        known = record > 0 or exact
        assert finding.points == (10 if known else None), at
        path.write_bytes(data)


def test_a_missing_file_is_found(filled):
    """A hole in the point offsets is told with its points."""
    journal = filled.open(segment_bytes=300)
    append(journal, 6, 7)
    journal.close()
    files(filled)[1].unlink()
    (finding,) = survey(filled.path).findings
    assert (finding.kind, finding.points, finding.file) == ("gone", 20, "")


def test_unreadable_sectors_are_found(filled):
    """What the disk cannot read is told as such."""
    filled.disk.spoil(files(filled)[1], 0, 100)
    (finding,) = survey(filled.path, filled.disk).findings
    assert (finding.kind, finding.points) == ("unreadable", None)


def test_a_repair_keeps_every_good_record(filled):
    """The damaged file goes aside, a second look finds nothing, hiq reads the rest."""
    path = files(filled)[0]
    hurt(path, RECORD + HEADER_SIZE)
    whole = path.read_bytes()
    (finding,) = repair(filled.path).findings
    assert (finding.points, finding.span.first_ns, finding.span.last_ns) == (10, 3, 8)
    after = survey(filled.path)
    assert [f.kind for f in after.findings] == ["gone"]
    assert after.aside == [f"ha/{path.name}.damaged"]
    assert path.with_name(path.name + ".damaged").read_bytes() == whole
    journal = filled.open()
    assert drain(journal.cursor("db", "ha")) == [2, 4, 5]
    journal.close()


def test_a_repair_of_all_at_once(filled):
    """Garbage for a file, a torn tail and a damaged cursor; twice changes nothing."""
    first, last = files(filled)
    first.write_bytes(b"x" * 500)
    with last.open("ab") as file:
        file.write(last.read_bytes()[:50])
    (filled.path / "cursors" / "db.json").write_bytes(b"{")
    found = repair(filled.path)
    assert sorted(f.kind for f in found.findings) == ["cursor", "damaged", "torn"]
    before = content(filled.path)
    assert repair(filled.path).findings == []
    assert content(filled.path) == before
    assert [file.name for file in files(filled)] == [last.name]
    journal = filled.open()
    assert drain(journal.cursor("db", "ha")) == [4, 5]
    journal.close()


def test_a_killed_repair_leaves_the_old_or_the_new(filled, tmp_path):
    """Killed at any of its steps, a second repair ends with all good records."""
    hurt(files(filled)[0], HEADER_SIZE)
    script = """
import os, sys
from pathlib import Path
from hiq.journal.files import Files
from hiq.journal.mend import repair
left = [int(sys.argv[2])]
class Dying(Files):
    pass
for name in ("create", "write", "sync", "rename", "remove", "sync_folder"):
    def wrapped(self, *args, name=name, **kwargs):
        if not left[0]:
            os.kill(os.getpid(), 9)
        left[0] -= 1
        return getattr(Files, name)(self, *args, **kwargs)
    setattr(Dying, name, wrapped)
repair(Path(sys.argv[1]), Dying())
"""
    for steps in range(20):
        copy = tmp_path / str(steps)
        shutil.copytree(filled.path, copy)
        done = subprocess.run(
            [sys.executable, "-c", script, copy, str(steps)], timeout=60, check=False
        )
        repair(copy)
        assert [f.kind for f in survey(copy).findings] == []
        assert [int(body[:6]) for _, body in bodies(copy, "ha")] == [3, 4, 5]
        if done.returncode == 0:
            break
    assert 5 < steps < 19


def test_a_repair_of_damage_before_a_torn_tail(filled):
    """The file ends with its last good record, not with zeros."""
    path = files(filled)[-1]
    good = path.read_bytes()[RECORD:]
    hurt(path, HEADER_SIZE)
    with path.open("ab") as file:
        file.write(good[:50])
    assert {f.kind for f in repair(filled.path).findings} == {"damaged", "torn"}
    assert path.read_bytes() == good
    assert [f.kind for f in survey(filled.path).findings] == ["gone"]
