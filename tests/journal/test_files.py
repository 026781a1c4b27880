"""Each file operation does what its name promises, on a real disk."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.journal.files import SECTOR, Files
from tests.journal.disk import Disk


@pytest.fixture
def files():
    return Files()


def test_bytes_are_added_at_the_end_and_read_from_anywhere(tmp_path, files):
    """Writing continues a file; reading returns what there is."""
    path = tmp_path / "a"
    for open_it, data in ((files.create, b"0123"), (files.open_end, b"4567")):
        fd = open_it(path)
        files.write(fd, data)
        files.sync(fd)
        files.close(fd)
    fd = files.open_read(path)
    assert files.read(fd, 2, 3) == b"234"
    assert files.read(fd, 6, 100) == b"67"
    assert files.read(fd, 8, 1) == b""
    files.close(fd)
    assert path.stat().st_mode & 0o077 == 0


@given(
    size=st.integers(0, 5 * SECTOR),
    bad=st.sets(st.integers(0, 5), max_size=3),
    at=st.integers(0, 2 * SECTOR),
)
def test_what_lies_around_bad_sectors_is_read(tmp_path_factory, size, bad, at):
    """Bad sectors are zeros, at most one sector around them is lost."""
    path = tmp_path_factory.mktemp("files") / "a"
    data = bytes(range(1, 252)) * (6 * SECTOR // 251)
    path.write_bytes(data)
    disk = Disk()
    for sector in bad:
        disk.spoil(path, sector * SECTOR, (sector + 1) * SECTOR)
    fd = disk.open_read(path)
    found, lost = disk.read_around(fd, at, size)
    disk.close(fd)
    want = data[at : at + size]
    assert len(found) >= len(want)
    hit = sum(
        max(0, min(at + size, (s + 1) * SECTOR) - max(at, s * SECTOR)) for s in bad
    )
    assert hit <= lost <= hit + 2 * SECTOR * len(bad)
    same = sum(a == b for a, b in zip(found, want, strict=False))
    beyond = max(0, at + size - len(data))  # behind the end nothing can be lost
    assert 0 <= same - (len(want) - min(lost, len(want))) <= beyond


def test_only_bad_sectors_are_read_around(tmp_path):
    """Any other failure of the disk is raised."""
    (tmp_path / "a").write_bytes(b"0123")
    disk = Disk()
    disk.spoil(tmp_path / "a", 0, 4, errno.ESTALE)
    fd = disk.open_read(tmp_path / "a")
    with pytest.raises(OSError, match=r"[Ss]tale"):
        disk.read_around(fd, 0, 4)
    disk.close(fd)


def test_a_write_is_continued_until_all_is_written(tmp_path, files, monkeypatch):
    """The system may take less than it is given at once."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    fd = files.create(tmp_path / "a")
    files.write(fd, b"0123456789")
    files.close(fd)
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_create_and_truncate_cut(tmp_path, files):
    """A file made anew is empty; a cut one keeps its beginning."""
    (tmp_path / "a").write_bytes(b"old")
    fd = files.create(tmp_path / "a")
    files.write(fd, b"0123")
    files.truncate(fd, 2)
    files.write(fd, b"x")
    files.close(fd)
    assert (tmp_path / "a").read_bytes() == b"01x"


@pytest.mark.parametrize("sync", [False, True])
def test_replace_leaves_the_new_content_and_nothing_else(tmp_path, files, sync):
    """A small file is replaced as a whole."""
    for data in (b"one", b"2"):
        files.replace(tmp_path / "a", data, sync=sync)
        assert (tmp_path / "a").read_bytes() == data
    assert os.listdir(tmp_path) == ["a"]


def test_a_failed_replace_keeps_the_old_content(tmp_path, files, monkeypatch):
    """If the new content cannot be written, the old one is whole."""
    files.replace(tmp_path / "a", b"one", sync=True)

    def fail(fd, data):
        raise OSError("disk")

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(OSError, match="disk"):
        files.replace(tmp_path / "a", b"two", sync=True)
    assert (tmp_path / "a").read_bytes() == b"one"


def test_what_is_not_there_can_be_removed(tmp_path, files):
    """Removing twice is no error."""
    (tmp_path / "a").write_bytes(b"")
    files.remove(tmp_path / "a")
    files.remove(tmp_path / "a")
    assert os.listdir(tmp_path) == []


def test_free_bytes_are_those_of_the_file_system(tmp_path, files):
    """What is free is what the system gives to an ordinary user."""
    found = os.statvfs(tmp_path)
    free = files.free_bytes(tmp_path)
    assert free == pytest.approx(found.f_bavail * found.f_frsize, rel=0.2)
    files.sync_folder(tmp_path)
