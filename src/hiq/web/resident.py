"""How much memory this process has in RAM. One read of a file of the kernel."""

from __future__ import annotations

import os

__all__ = ["resident_bytes"]


def resident_bytes() -> int | None:
    """Return the memory in RAM of this process; None where Linux' /proc is not."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  one read, no Path
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
