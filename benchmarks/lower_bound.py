"""The lower bound: what merely copying a frame and reading its structure costs.

`lower_bound.c` is compiled by the C compiler of this machine, for this machine, into
a temporary folder when it is first asked for. It finds quotes, escapes, brackets,
colons and commas, tells which are outside strings, and checks UTF-8. It makes nothing
of what it finds, so no converter that reads every byte can be much faster.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["compiler", "expected", "prepare"]

SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
MARKS = re.compile(rb"[][{}:,]")


def compiler() -> str | None:
    """The C compiler of this machine, None if there is none."""
    return shutil.which(os.environ.get("CC", "cc"))


@cache
def _library() -> ctypes.CDLL:
    program = compiler()
    if program is None:
        raise FileNotFoundError("the lower bound needs a C compiler (cc); set CC")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "lower_bound.so")
        subprocess.run([program, *FLAGS, SOURCE, "-o", made], check=True)
        library = ctypes.CDLL(str(made))
    library.structural.restype = ctypes.c_int64
    return library


def prepare(frames: Sequence[bytes]) -> Callable[[], int]:
    """Return what runs over all frames once and counts their structural characters."""
    run = _library().structural
    count = len(frames)
    pointers = (ctypes.c_char_p * count)(*frames)
    sizes = (ctypes.c_size_t * count)(*map(len, frames))
    room = ctypes.create_string_buffer(max(map(len, frames)))
    return lambda: int(run(pointers, sizes, ctypes.c_size_t(count), room))


def expected(frames: Iterable[bytes]) -> int:
    """The same count, the slow way."""
    return sum(len(MARKS.findall(STRING.sub(b"", frame))) for frame in frames)
