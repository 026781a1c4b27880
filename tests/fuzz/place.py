"""Where an input lies in memory, so that reading beside it does not go unnoticed.

- `PageEnd`: the byte behind the input is on a page that nobody may read, or the byte
  before it is; any code, also vector instructions, is stopped by the machine.
- `Exact`: a piece of the heap of exactly its size, for the address sanitizer.

Both are offered as buffers. It knows nothing of what the bytes mean.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

PAGE = mmap.PAGESIZE
LARGEST = 1 << 20
PROT_NONE = 0

_mprotect = ctypes.CDLL(None, use_errno=True).mprotect
_mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class PageEnd:
    """A region between two pages that cannot be read. Inputs lie in it one by one."""

    def __init__(self) -> None:
        size = LARGEST + 2 * PAGE
        self._region = mmap.mmap(-1, size)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._region))
        for at in (start, start + PAGE + LARGEST):
            if _mprotect(at, PAGE, PROT_NONE):
                raise OSError(ctypes.get_errno(), "mprotect")
        self._view = memoryview(self._region)[PAGE : PAGE + LARGEST]

    def at_end(self, data: bytes) -> Any:
        """The input with nothing readable behind it."""
        if len(data) > LARGEST:
            return data
        view = self._view[LARGEST - len(data) :]
        view[:] = data
        return view

    def at_start(self, data: bytes) -> Any:
        """The input with nothing readable before it."""
        if len(data) > LARGEST:
            return data
        view = self._view[: len(data)]
        view[:] = data
        return view


class Exact:
    """Copies on the heap, each of exactly its size (`PYTHONMALLOC=malloc`)."""

    def at_end(self, data: bytes) -> Any:
        """The input, in an allocation that ends with it."""
        # Not more than a word would lie inside the object itself.
        if len(data) <= 16:
            return data
        return (ctypes.c_char * len(data)).from_buffer_copy(data)

    at_start = at_end
