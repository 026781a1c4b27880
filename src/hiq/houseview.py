"""The status of the house within the service: states at connect, then accepted events.

It stands between ingestion and who fills holes, because both want the states at connect
before any of them is fed. What the filter refuses is not shown: no event would ever
change it. Entities of other domains are left to the core after their first event.
While nobody listens the core holds the newest event of each of the others, until
somebody asks: a house at which nobody looks costs nothing. It must not know HTTP, nor
what a status looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.web.house import House

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from msgspec import Raw

    from hiq._core.decision import Decision
    from hiq.discovery.build import DiscoveryParts
    from hiq.discovery.keepers import Answers
    from hiq.discovery.renames import Renames
    from hiq.ha.home import Home
    from hiq.ha.locate import Candidate
    from hiq.observe import Observers, Tapped
    from hiq.roles import Watcher
    from hiq.settings.schema import Settings
    from hiq.web.parts import Parts

    class Explaining(Protocol):
        """Who knows the filter; `hiq.Pipeline` does."""

        def explain(
            self,
            entity_id: str,
            tags: Mapping[str, str] | None = None,
            device_class: str = "",
        ) -> Decision:
            """Return the decision about an entity."""
            ...


__all__ = ["HouseView", "with_house"]


def with_house(  # noqa: PLR0917  the service gives them in two parts
    settings: Settings,
    parts: Parts,
    observers: Observers,
    pipeline: Explaining,
    discovery: DiscoveryParts,
    watcher: Watcher,
) -> Watcher:
    """Return a watcher that also keeps `parts.house`, if somebody can ask for it."""
    if not settings.http.enabled:
        return watcher
    view = HouseView(observers, pipeline, watcher)
    parts.house = view.house
    discovery.discovery.add_keeper(view)
    return view


class HouseView:
    """Keeps a `House` up to date; a `Watcher` that passes everything on.

    After `changed`: areas are those of this home.
    """

    def __init__(
        self, observers: Observers, pipeline: Explaining, watcher: Watcher
    ) -> None:
        self.house = House(self._area_of, accepts=self._accepts)
        self._observers = observers
        self._pipeline = pipeline
        self._watcher = watcher
        self._home: Home | None = None
        self.house.refresh = self._fetch
        self.house.on_listening = self._listening
        observers.add(self._observe, patient=True)

    # for discovery

    def changed(self, home: Home) -> None:
        """Take another state of the registries."""
        self._home = home
        self.house.refresh_areas()

    def refreshed(self, home: Home, answers: Answers) -> None:
        """All registries were read; what is different was told already."""

    def renamed(self, renames: Renames) -> None:
        """The states tell it too: one entity went, another one came."""

    # for ingestion

    def subscribed(self, candidate: Candidate, token: str) -> None:
        """From now on every event comes."""
        self._watcher.subscribed(candidate, token)

    def lost(self, reason: str) -> None:
        """From now on none comes."""
        self._watcher.lost(reason)

    def fresh(self, states: list[Raw]) -> list[Raw]:
        """Show all states; return those that are worth feeding."""
        self._observers.tell()  # events in front of the states are older
        self._fetch()
        self.house.begin(bytes(state) for state in states)
        return self._watcher.fresh(states)

    # inside

    def _observe(self, found: Sequence[Tapped]) -> None:
        wants, set_interest = self.house.wants, self._observers.set_interest
        newest = not self.house.is_watched
        shown: list[bytes] = []
        for number, entity_id, _, json in found:
            if wanted := wants(entity_id):
                shown.append(json)
            if newest or not wanted:
                set_interest(self._observe, number, wanted, newest)
        if shown:
            self._fetch()  # older than these
            self.house.observe(shown)

    def _fetch(self) -> None:
        """Show what the core holds."""
        if newest := self._observers.newest():
            self.house.observe(newest)

    def _listening(self) -> None:
        """From now on every event is wanted, or only the newest ones."""
        self._fetch()
        self._observers.add(self._observe, patient=not self.house.is_watched)
        self._observers.forget_interests(self._observe)

    def _area_of(self, entity_id: str) -> str | None:
        place = None if self._home is None else self._home.entity(entity_id)
        return None if place is None or place.area is None else place.area.area_id

    def _accepts(self, entity_id: str, device_class: str) -> bool:
        tags = None if self._home is None else self._home.tags(entity_id)
        return self._pipeline.explain(entity_id, tags, device_class).accepted
