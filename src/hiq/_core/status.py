"""The reason codes of the core as Python sees them.

The values are those of `status.pxd`; a test compares the two. Only the names
leave the core: they stand in `Pipeline.rejects` and in dead letters.
"""

from collections.abc import Iterable
from enum import IntEnum

__all__ = ["Status", "named"]


class Status(IntEnum):
    """What became of a frame or of one event."""

    OK = 0
    SKIPPED = 1
    FILTERED = 2
    DUPLICATE = 3
    BAD_JSON = 10
    BAD_UTF8 = 11
    TOO_DEEP = 12
    TOO_LARGE = 13
    NOT_AN_OBJECT = 20
    NO_EVENT_TYPE = 21
    BAD_DATA = 22
    BAD_ENTITY_ID = 23
    NO_NEW_STATE = 24
    NOT_ENCODABLE = 25
    BAD_TIME = 26
    BAD_CONTEXT = 27
    BAD_OLD_STATE = 28
    STATE_TOO_LONG = 29
    NO_MEMORY = 40


def named(counts: Iterable[int]) -> dict[str, int]:
    """Return counts by name, of counts in the order of the values."""
    return {Status(value).name: count for value, count in enumerate(counts) if count}
