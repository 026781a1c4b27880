"""Two clocks as one argument: what people read, and what durations are taken from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clocks", "moment"]


@dataclass(frozen=True, slots=True)
class Clocks:
    """Clocks.

    Attributes:
        wall: Unix seconds.
        steady: seconds that never go back.
    """

    wall: Callable[[], float]
    steady: Callable[[], float]


def moment(unix_s: float) -> str:
    """Return a time as ISO 8601 with Z."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat().replace("+00:00", "Z")
