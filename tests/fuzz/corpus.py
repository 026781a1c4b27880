"""The committed inputs: sessions that the fuzzers found worth keeping.

One archive, small enough to be committed; each file in it is a session. `replay`
judges sessions with nothing sampled: every frame by every judge. `shrink` drops the
frames of a finding that it does not need.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha1
from pathlib import Path
from random import Random

from tests.fuzz import thorough
from tests.fuzz.judge import Difference, Judge
from tests.fuzz.mutate import Mutator
from tests.fuzz.place import Exact, PageEnd
from tests.fuzz.seeds import load
from tests.fuzz.sessions import CONFIGURATIONS, Session, from_bytes, to_bytes

ARCHIVE = Path(__file__).parent / "corpus.tar.xz"
SEEDS = 400


def committed() -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the committed sessions."""
    if ARCHIVE.exists():
        with tarfile.open(ARCHIVE) as archive:
            for member in archive:
                if file := archive.extractfile(member):
                    yield member.name, file.read()


def name_of(data: bytes) -> str:
    """The name that libFuzzer gives an input too."""
    return sha1(data).hexdigest()


def unpack(folder: Path) -> None:
    """Put the committed sessions, or else new ones, where libFuzzer begins."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in committed() if ARCHIVE.exists() else made(SEEDS):
        (folder / name).write_bytes(data)


def made(count: int) -> Iterator[tuple[str, bytes]]:
    """Short sessions from the mutator."""
    random = Random(1)
    mutator = Mutator(random, load(random, share=20))
    for number in range(count):
        frames = list(mutator.session(1 + number % 4))
        data = to_bytes(Session(number % len(CONFIGURATIONS), False, frames))
        if len(data) < 16_000:
            yield name_of(data), data


def pack(folders: list[Path]) -> None:
    """Make the archive of all sessions in some folders; the same gives the same."""
    found = {
        name_of(data): data
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.is_file() and (data := path.read_bytes())
    }
    # Like beside like packs better.
    ordered = sorted(found.items(), key=lambda item: (item[1][50:], item[0]))
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for name, data in ordered:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    print(f"{len(found)} sessions, {ARCHIVE.stat().st_size:,} bytes")


def replay(data: bytes, judge: Judge) -> int:
    """Judge a session by everybody; returns its frames. Raises Difference."""
    session = from_bytes(data)
    judge.begin(session.number)
    for frame in session.frames:
        judge.frame(frame)
    return thorough.check(session)


def shrunk(session: Session, fails: Callable[[Session], bool]) -> Session:
    """The session without frames that the failure does not need."""
    frames = list(session.frames)
    for at in reversed(range(len(frames))):
        fewer = [*frames[:at], *frames[at + 1 :]]
        if fewer and fails(session._replace(frames=fewer)):
            frames = fewer
    return session._replace(frames=frames)


def fails(session: Session) -> bool:
    """Whether any judge finds a difference."""
    try:
        replay(to_bytes(session), Judge(PageEnd(), share=1))
    except Difference:
        return True
    return False


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.corpus")
    parser.add_argument("what", choices=("unpack", "pack", "replay", "shrink"))
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--place", choices=("page", "exact"), default="page")
    arguments = parser.parse_args()
    if arguments.what == "unpack":
        unpack(arguments.paths[0])
        return 0
    if arguments.what == "pack":
        pack(arguments.paths)
        return 0
    if arguments.what == "shrink":
        for path in arguments.paths:
            session = shrunk(from_bytes(path.read_bytes()), fails)
            path.with_suffix(".small").write_bytes(to_bytes(session))
            print(f"{path}: {len(session.frames)} frames")
        return 0
    judge = Judge(PageEnd() if arguments.place == "page" else Exact(), share=1)
    given = [(str(path), path.read_bytes()) for path in arguments.paths]
    bad = 0
    for name, data in given or committed():
        try:
            replay(data, judge)
        except Difference as difference:
            bad += 1
            print(f"{name}: {difference}")
    print(f"{judge.count['executions']:,} executions, {bad} differences")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
