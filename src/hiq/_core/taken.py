"""What the ring hands out when lines are taken as one batch. A pure value."""

from typing import NamedTuple

__all__ = ["Taken"]


class Taken(NamedTuple):
    """Finished lines, series by series, in the order of arrival inside a series."""

    data: bytes
    points: int
    first_ns: int
    """Smallest time stamp, 0 if there is no line."""
    last_ns: int
    """Largest time stamp, 0 if there is no line."""
