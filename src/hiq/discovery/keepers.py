"""Who else is told of the home: files, a data-api, points.

Each is told synchronously and does its work in its own time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from msgspec import Raw

    from hiq.discovery.renames import Renames
    from hiq.ha.home import Home

__all__ = ["Answers", "Discovered", "Keeper"]


class Discovered(NamedTuple):
    """What a refresh found."""

    devices: int
    entities: int


class Answers(NamedTuple):
    """The answers of Home Assistant as they came, for those who hand them on."""

    devices: Raw | None = None
    entities: Raw | None = None
    services: Raw | None = None


class Keeper(Protocol):
    """Who is told of a home that was read."""

    def refreshed(self, home: Home, answers: Answers) -> None:
        """All registries were read."""

    def changed(self, home: Home) -> None:
        """Something of it is different."""

    def renamed(self, renames: Renames) -> None:
        """An entity has another id."""
