"""Big registries in small steps, so that events are read between them.

Twenty thousand rows are decoded, compared and told to the pipeline a few hundred at a
time; after each step the loop has its turn. It knows neither connection nor file.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from hiq.ha.home import Changes
from hiq.ha.registries import decode_rows, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from msgspec import Raw

    from hiq.ha.home import Home
    from hiq.ha.registries import Registry, Row

__all__ = ["SLICE", "TagTarget", "read_rows", "tell"]

SLICE: Final = 100
"""Rows of one step: well below a millisecond of decoding, about one of telling."""


class TagTarget(Protocol):
    """Who is told tags; `hiq.Pipeline` is."""

    def set_tags(self, entity_id: str, tags: Mapping[str, str] | None) -> None:
        """Set the registry's tags of an entity, None removes them."""


async def read_rows(registry: Registry, result: Raw) -> tuple[list[Row], int]:
    """Decode the answer to a list command; also returns how many rows were bad.

    Raises:
        msgspec.DecodeError: it is no list.
    """
    pieces = rows_of(result)
    found: list[Row] = []
    bad = 0
    for at in range(0, len(pieces), SLICE):
        rows, wrong = decode_rows(registry, pieces[at : at + SLICE])
        found += rows
        bad += wrong
        await asyncio.sleep(0)
    return found, bad


async def tell(
    target: TagTarget, old: Home, new: Home, only: Iterable[str] | None = None
) -> int:
    """Tell all tags that differ, or those of some entities; return how many."""
    found = Changes(old, new)
    entity_ids = found.entity_ids if only is None else list(only)
    told = 0
    for at in range(0, len(entity_ids), SLICE):
        for entity_id, tags in found.among(entity_ids[at : at + SLICE]):
            target.set_tags(entity_id, tags)
            told += 1
        await asyncio.sleep(0)
    return told
