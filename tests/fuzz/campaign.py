"""Many executions: sessions from the mutator, judged one after the other.

The work is done in a child process, so that a crash or a hang of the core ends the
child only; the frames that it was given lie in a file that outlives it. Session
number n of a seed is always the same, wherever and when it is run.
"""

from __future__ import annotations

import argparse
import gc
import json
import mmap
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz import thorough
from tests.fuzz.judge import Difference, Judge
from tests.fuzz.mutate import Mutator
from tests.fuzz.place import Exact, PageEnd
from tests.fuzz.seeds import load
from tests.fuzz.sessions import BETWEEN, CONFIGURATIONS, Session, to_bytes

FRAMES = 128  # of a session
THOROUGH = 400  # every so many sessions
HANG_S = 120
MOST_FINDINGS = 20
RECORD_BYTES = 64 << 20
REPORT_S = 30.0


class Recorder:
    """The current session in a file that is there after any crash."""

    def __init__(self, path: Path) -> None:
        with path.open("w+b") as file:
            file.truncate(RECORD_BYTES)
            self._map = mmap.mmap(file.fileno(), RECORD_BYTES)
        self._end = 8

    def begin(self, number: int) -> None:
        """Forget the last session."""
        self._map[8:9] = bytes([number])
        self._end = 9
        self._map[:8] = self._end.to_bytes(8, "little")

    def add(self, frame: bytes) -> None:
        """Note a frame before it is judged."""
        if self._end > 9:
            frame = BETWEEN + frame
        end = self._end + len(frame)
        if end <= RECORD_BYTES:
            self._map[self._end : end] = frame
            self._end = end
            self._map[:8] = end.to_bytes(8, "little")


def recorded(path: Path) -> bytes:
    """The session that a recorder left."""
    data = path.read_bytes()
    return data[8 : int.from_bytes(data[:8], "little")]


class Worker:
    """Runs sessions in this process and writes down what it counts."""

    def __init__(self, folder: Path, seed: int, judge: Judge) -> None:
        self._folder = folder
        self._seed = seed
        self._judge = judge
        self._random = Random(seed)
        self._mutator = Mutator(self._random, load(Random(0)))
        self._recorder = Recorder(folder / f"current-{os.getpid()}.session")

    def run(self, first: int, stop: float, most: int) -> None:
        """Run sessions from number `first` on until a time or a number of executions."""
        count = self._judge.count
        report = time.monotonic() + REPORT_S
        number = first
        while time.monotonic() < stop and count["executions"] < most:
            signal.alarm(HANG_S)
            self._session(number)
            number += 1
            if time.monotonic() > report:
                self.write()
                report += REPORT_S
            if count["differences"] >= MOST_FINDINGS:
                break
        signal.alarm(0)
        self.write()

    def _session(self, number: int) -> None:
        thoroughly = number % THOROUGH == THOROUGH - 1
        turn = number // THOROUGH if thoroughly else number
        configuration = turn % len(CONFIGURATIONS)
        self._random.seed(self._seed << 40 | number)
        frames = self._mutator.session(FRAMES)
        judge, recorder = self._judge, self._recorder
        recorder.begin(configuration)
        given: list[bytes] = []
        snapshot = False
        try:
            if thoroughly:
                snapshot = turn // len(CONFIGURATIONS) % 2 == 1
                given = list(frames)
                session = Session(configuration, snapshot, given)
                for frame in given:
                    recorder.add(frame)
                judge.count["thorough"] += thorough.check(session)
                judge.count["executions"] += len(given)
                return
            judge.begin(configuration)
            for frame in frames:
                given.append(frame)
                recorder.add(frame)
                judge.frame(frame)
        except Difference as difference:
            judge.count["differences"] += 1
            name = f"difference-{self._seed}-{number}"
            session = Session(configuration, snapshot, given)
            (self._folder / f"{name}.session").write_bytes(to_bytes(session))
            (self._folder / f"{name}.txt").write_text(str(difference))
            print(f"session {number}: {difference}"[:600], file=sys.stderr)

    def write(self) -> None:
        """Put the counts where the parent finds them, whatever happens next."""
        path = self._folder / f"counts-{os.getpid()}.json"
        path.with_suffix(".new").write_text(json.dumps(self._judge.count))
        path.with_suffix(".new").replace(path)


def work(arguments: argparse.Namespace) -> int:
    """Be the child."""
    judge = Judge(PageEnd() if arguments.place == "page" else Exact(), arguments.share)
    worker = Worker(arguments.folder, arguments.seed, judge)
    # Nothing here makes cycles; looking for them among the seeds takes a tenth.
    gc.disable()
    worker.run(
        arguments.first, time.monotonic() + arguments.seconds, arguments.executions
    )
    return 1 if judge.count["differences"] else 0


def supervise(arguments: argparse.Namespace) -> int:
    """Start the child, wait for it, say what came out; 1 if there is a finding."""
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    child = subprocess.Popen(
        [
            *(sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.campaign"),
            *("--child", *sys.argv[1:]),
        ]
    )
    started = time.monotonic()
    status = child.wait()
    seconds = time.monotonic() - started
    counts_file = folder / f"counts-{child.pid}.json"
    current = folder / f"current-{child.pid}.session"
    count: Counter[str] = Counter(
        json.loads(counts_file.read_text()) if counts_file.exists() else {}
    )
    if status not in (0, 1):
        count["crashes"] += 1
        kept = folder / f"crash-{child.pid}.session"
        kept.write_bytes(recorded(current))
        what = "hang" if status == -signal.SIGALRM else f"exit status {status}"
        print(f"{what}: the session is in {kept}", file=sys.stderr)
    for path in (counts_file, current):
        path.unlink(missing_ok=True)
    print(table(count, seconds))
    if arguments.log:
        with arguments.log.open("a") as log:
            row = {"place": arguments.place, "seed": arguments.seed, **count}
            log.write(json.dumps({**row, "seconds": round(seconds)}) + "\n")
    return 1 if count["crashes"] or count["differences"] else 0


def table(count: Counter[str], seconds: float) -> str:
    """What was counted, for people."""
    total = max(count["executions"], 1)
    rows = [f"executions {count['executions']:,} in {seconds:.0f} s"]
    rows += [
        f"  {name} {count[name]:,} ({100 * count[name] / total:.1f} %)"
        for name in sorted(count, key=lambda name: -count[name])
        if name not in ("executions", "crashes", "differences")
    ]
    rows.append(f"crashes {count['crashes']}, differences {count['differences']}")
    return "\n".join(rows)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.campaign")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--executions", type=int, default=1 << 62)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of a session")
    parser.add_argument("--place", choices=("page", "exact"), default="page")
    parser.add_argument("--share", type=int, default=200, help="of the reference")
    parser.add_argument("--folder", type=Path, default=Path(".cache/fuzz"))
    parser.add_argument("--log", type=Path, help="append the counts as JSON")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    return work(arguments) if arguments.child else supervise(arguments)


if __name__ == "__main__":
    sys.exit(main())
