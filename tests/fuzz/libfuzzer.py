"""The coverage-guided target: libFuzzer chooses the sessions, the judge judges.

Runs in a Python that has libFuzzer's library loaded before it, with a core that is
instrumented for coverage and sanitizers (`tools/fuzz.sh` builds both). What follows
the name of the module are libFuzzer's own arguments.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import traceback
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from tests.fuzz.changes import BROKEN_CHANGES, VALID_CHANGES
from tests.fuzz.judge import Judge
from tests.fuzz.mutate import Mutator
from tests.fuzz.place import Exact
from tests.fuzz.seeds import Cut, Seeds, cut
from tests.fuzz.sessions import CONFIGURATIONS, Session, from_bytes, to_bytes

FRAMES = 16  # of a session are judged
Target = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
Grammar = ctypes.CFUNCTYPE(
    ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint
)


class Fuzzer:
    """Judges what libFuzzer gives, and makes sessions of sessions."""

    def __init__(self, counts: Path) -> None:
        self.judge = Judge(Exact(), share=20)
        self._counts = counts
        self._random = Random(0)
        self._mutator = Mutator(self._random, Seeds([], [], []))

    def run(self, data: Any, size: int) -> int:
        """One input; a difference ends the process as a crash does."""
        given = ctypes.string_at(data, size)
        session = from_bytes(given)
        judge = self.judge
        try:
            # Which judges are asked must depend on the input only.
            judge.begin(session.number, crc32(given))
            for frame in session.frames[:FRAMES]:
                judge.frame(frame)
        except BaseException:  # whatever it is, it must not get lost
            traceback.print_exc()
            sys.stderr.flush()
            os.abort()
        # libFuzzer ends the process by itself, so there is no end to write at.
        if judge.count["sessions"] % 100 == 0:
            self.write()
        return 0

    def mutate(self, data: Any, size: int, most: int, seed: int) -> int:
        """Another session from one; returns its size."""
        session = from_bytes(ctypes.string_at(data, size))
        changed = to_bytes(self.changed(session, seed))
        if len(changed) > most:
            changed = changed[:most]
        ctypes.memmove(data, changed, len(changed))
        return len(changed)

    def changed(self, session: Session, seed: int) -> Session:
        """Another session, the same for the same seed."""
        random = self._random
        random.seed(seed)
        frames = list(session.frames[:FRAMES])
        draw = random.random()
        if draw < 0.05:
            number = int(random.random() * len(CONFIGURATIONS))
            return Session(number, session.snapshot, frames)
        at = int(random.random() * len(frames))
        if draw < 0.15:
            del frames[at]
        elif draw < 0.30:
            frames.insert(at, frames[at])
        elif draw < 0.40:
            frames[at] = self._mutator.bytes(frames[at])
        else:
            self._by_grammar(frames, at, follow=draw < 0.75)
        return Session(session.number, session.snapshot, frames or [b"{}"])

    def _by_grammar(self, frames: list[bytes], at: int, *, follow: bool) -> None:
        """Change a frame, or put one behind it that goes on from it."""
        try:
            whole = cut(frames[at])
        except (ValueError, IndexError, RecursionError):
            frames[at] = self._mutator.bytes(frames[at])
            return
        random = self._random
        changes = VALID_CHANGES if random.random() < 0.8 else BROKEN_CHANGES
        new = whole.named.get(b'"new_state"')
        old = whole.named.get(b'"old_state"')
        if follow and new and old and old[1] <= new[0]:
            state = b"".join(whole.pieces[new[0] : new[1]])
            follower = list(whole.pieces)
            follower[old[0] : old[1]] = [state] + [b""] * (old[1] - old[0] - 1)
            inner = [place for place in whole.scalars if new[0] <= place < new[1]]
            if inner:
                changes[int(random.random() * len(changes))](
                    self._mutator, follower, Cut(whole.pieces, inner, whole.keys)
                )
            frames.insert(at + 1, b"".join(follower))
            return
        pieces = list(whole.pieces)
        if whole.scalars:
            changes[int(random.random() * len(changes))](self._mutator, pieces, whole)
        frames[at] = b"".join(pieces)

    def write(self) -> None:
        """Put the counts where a script finds them."""
        self._counts.write_text(json.dumps(self.judge.count))


def main() -> int:
    """Hand over to libFuzzer."""
    library = ctypes.CDLL(None)
    fuzzer = Fuzzer(Path(os.environ["HIQ_FUZZ_COUNTS"]))
    target, grammar = Target(fuzzer.run), Grammar(fuzzer.mutate)
    library.hiq_set_mutator(grammar)
    arguments = [os.environ["HIQ_FUZZ_TARGET"].encode()] + [
        argument.encode() for argument in sys.argv[1:]
    ]
    count = ctypes.c_int(len(arguments))
    array = (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None)
    pointer = ctypes.cast(array, ctypes.POINTER(ctypes.c_char_p))
    driver = library.LLVMFuzzerRunDriver
    return int(driver(ctypes.byref(count), ctypes.byref(pointer), target))


if __name__ == "__main__":
    sys.exit(main())
