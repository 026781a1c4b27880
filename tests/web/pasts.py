"""A past that holds one entity, for tests of routes."""

from __future__ import annotations

from hiq.errors import SinkUnreadable
from hiq.web.report import moment
from hiq.web.types.page import History, StoredEntity, StoredPage, StoredQuery
from tests.web.serving import NOW

__all__ = ["FixedPast"]


class FixedPast:
    """Two points of each entity; `down` makes it fail as a database does."""

    def __init__(self) -> None:
        self.down = False
        self.closed = False
        self.asked: list[tuple[str, float, float, int]] = []

    async def history(
        self, entity_id: str, start_s: float, end_s: float, most: int
    ) -> History:
        """Return two points."""
        self._look()
        self.asked.append((entity_id, start_s, end_s, most))
        return History(
            entity_id=entity_id,
            sink="store",
            sink_type="sqlite",
            measurement="°C",
            field="value",
            kind="number",
            start=moment(start_s),
            end=moment(end_s),
            points=2,
            step_seconds=0.0,
            times=[start_s, start_s + 0.5],
            values=[20.5, 21.0],
            low=[],
            high=[],
        )

    async def stored(self, query: StoredQuery) -> StoredPage:
        """Return one entity."""
        self._look()
        one = StoredEntity(
            entity_id="sensor.bath", measurements=["°C"], last=moment(NOW - 60)
        )
        return StoredPage(
            sink="store", total=1, entities=[one][: query.limit], timestamp=moment(NOW)
        )

    async def close(self) -> None:
        """Remember it."""
        self.closed = True

    def _look(self) -> None:
        if self.down:
            raise SinkUnreadable("store", "no answer within 5 s")
