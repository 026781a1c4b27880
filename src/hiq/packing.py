"""Lines into gzip, as they are journaled and POSTed.

By isal, which is four to eight times as fast as zlib; by zlib where isal has no wheel
(32-bit machines). Both write gzip that everyone reads. It knows nothing of what a line
says.
"""

from __future__ import annotations

try:
    from isal import isal_zlib as library
except ImportError:  # no wheel for this machine
    import zlib as library  # type: ignore[no-redef]

__all__ = ["LIBRARY", "compress"]

LEVEL = 1
GZIP = 31
"""Window bits that ask for a gzip header (without a time) and trailer."""
LIBRARY: str = library.__name__.partition(".")[0]
"""`isal` or `zlib`."""


def compress(lines: bytes) -> bytes:
    """Return one gzip member; the same lines always give the same bytes."""
    member: bytes = library.compress(lines, LEVEL, GZIP)
    return member
