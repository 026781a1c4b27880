"""Repairing a journal that no service uses: damaged files aside, their good part kept.

Nothing that could still be of use is deleted: a damaged file keeps its bytes under
another name. Every step is one that a crash may interrupt: each file is as before or
as after. It does not know how a finding is shown.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from hiq.journal.files import Files
from hiq.journal.folder import Folder
from hiq.journal.fsck import ASIDE, read_file, survey
from hiq.journal.segment import Found, scan

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.journal.fsck import Survey

__all__ = ["repair"]


def repair(path: Path, files: Files | None = None) -> Survey:
    """Put damaged files aside, leave their good records in place. Blocks.

    Returns the survey before the repair: its findings are what was repaired, or, for
    kinds gone and newer, what cannot be.

    Raises:
        JournalLocked: a service runs on this journal.
        OSError: the disk failed; every file is as before or as after.
    """
    files = files or Files()
    folder = Folder(path, files)
    folder.acquire()
    try:
        found = survey(path, files, alone=True)
        hurt = dict.fromkeys(
            f.file for f in found.findings if f.kind in {"damaged", "unreadable"}
        )
        for name in hurt:
            _rewrite(path / name, files)
        for finding in found.findings:
            # A file that was rewritten has lost its torn tail, and is shorter now.
            if finding.kind == "torn" and finding.file not in hurt:
                _cut(path / finding.file, finding.start, files)
            elif finding.kind == "cursor":
                file = path / finding.file
                files.rename(file, _aside(file))
                files.sync_folder(file.parent)
    finally:
        folder.release()
    return found


def _aside(file: Path) -> Path:
    """Return a name beside a file that is not taken."""
    aside = file.with_name(file.name + ASIDE)
    number = 1
    while aside.exists():
        number += 1
        aside = file.with_name(f"{file.name}{ASIDE}{number}")
    return aside


def _rewrite(file: Path, files: Files) -> None:
    """Put a file aside, and one with its good records in its place."""
    data, _ = read_file(file, files)
    good = b"".join(data[p.start : p.end] for p in scan(data) if isinstance(p, Found))
    aside = _aside(file)
    os.link(file, aside)
    if good:
        times = file.stat()
        fresh = file.with_name(file.name + ".new")
        fd = files.create(fresh)
        try:
            files.write(fd, good)
            files.sync(fd)
        finally:
            files.close(fd)
        # `keep` counts from the age of the file
        os.utime(fresh, ns=(times.st_atime_ns, times.st_mtime_ns))
        files.rename(fresh, file)
    else:
        files.remove(file)
    files.sync_folder(file.parent)


def _cut(file: Path, size: int, files: Files) -> None:
    with contextlib.suppress(FileNotFoundError):
        fd = files.open_end(file)
        try:
            files.truncate(fd, size)
            files.sync(fd)
        finally:
            files.close(fd)
