"""What other parts of the service give to the routes; None = not there (yet).

The service fills it in while it starts; a route whose part is missing answers 503.
Plain functions, so that no part has to know HTTP and no route any part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from hiq.web.house import House
    from hiq.web.types.home import Device, Entity

__all__ = ["Parts"]


@dataclass(slots=True)
class Parts:
    """Functions that answer for a part.

    Attributes:
        rates: Unix seconds -> the document of event rates, see `types.service`.
        filter_statistics: Unix seconds -> its counts; None if no filter is set.
        reload_filter: reads the filter again, names what changed; ConfigError says
            all that is wrong with the file, and nothing is changed.
        reload_settings: the same for the settings.
        discover: reads the registries now -> how many devices and entities.
        entities: those of the registry, in the order of their ids.
        devices: the same for devices.
        house: the status of the house.
        totals: events of all runs by type, this one included.
    """

    rates: Callable[[float], Mapping[str, Any]] | None = None
    filter_statistics: Callable[[float], Mapping[str, Any] | None] | None = None
    reload_filter: Callable[[], Awaitable[Sequence[str]]] | None = None
    reload_settings: Callable[[], Awaitable[Sequence[str]]] | None = None
    discover: Callable[[], Awaitable[tuple[int, int]]] | None = None
    entities: Callable[[], Sequence[Entity]] | None = None
    devices: Callable[[], Sequence[Device]] | None = None
    house: House | None = None
    totals: Callable[[], Mapping[str, int]] | None = None
