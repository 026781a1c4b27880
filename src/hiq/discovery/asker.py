"""Asks Home Assistant for the registries, and decides when.

All of them at each connect and now and then, one of them when it has changed or did not
come, one entity when only that has changed. No list is asked for twice while its answer
is on the way. Answers are kept as they came; what is in them is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hiq.discovery.keepers import Answers
from hiq.discovery.outstanding import Outstanding
from hiq.discovery.questions import (
    SERVICES,
    SUBSCRIPTIONS,
    entity_question,
    list_question,
)
from hiq.ha.registries import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from msgspec import Raw

    from hiq.errors import CommandError
    from hiq.ha.commands import Question
    from hiq.roles import Asking
    from hiq.settings.schema import DiscoverySettings

__all__ = ["RETRY_S", "Asker"]

RETRY_S: Final = 30.0


class Asker:
    """What is asked over one connection after another.

    - `owed`: what was asked for and did not come.
    - `began_s`: when that was, in seconds of the monotonic clock.
    """

    def __init__(
        self,
        settings: DiscoverySettings,
        monotonic: Callable[[], float],
        *,
        with_services: bool,
    ) -> None:
        self.owed = Outstanding()
        self.began_s = 0.0
        self._raw: dict[str, Raw] = {}
        self._settings = settings
        self._monotonic = monotonic
        self._with_services = with_services
        self._refresh_at_s = monotonic() + settings.refresh
        self._line: Asking | None = None

    # the connection

    @property
    def has_line(self) -> bool:
        """Whether questions can be asked."""
        return self._line is not None

    def opening(self, first: Collection[Registry]) -> tuple[Question, ...]:
        """Return what to ask at a connect, `first` in front; all of it is owed then."""
        order = sorted(Registry, key=lambda registry: registry not in first)
        questions = (*SUBSCRIPTIONS, *map(list_question, order))
        if self._with_services:
            questions += (SERVICES,)
        self._begin()
        return questions

    def connected(self, line: Asking) -> None:
        """From now on questions can be asked here."""
        self._line = line

    def release(self) -> None:
        """Let the subscription go that waited."""
        if self._line is not None:
            self._line.release()

    def lost(self) -> None:
        """Forget what was owed by the connection that ended."""
        self._line = None
        self._raw.clear()
        self.owed.lost()

    # in time

    def on_time(self) -> None:
        """Ask for what is due."""
        if self._line is None:
            return
        now_s = self._monotonic()
        if now_s >= self._refresh_at_s and not self.owed.whole:
            self.refresh()
        for registry in self.owed.due(now_s):
            self.ask_list(registry)

    def pause_s(self, at_most_s: float) -> float:
        """Return in how many seconds to call `on_time` again."""
        if self._line is None:
            return at_most_s
        due_s = min([self._refresh_at_s, *self.owed.next_retry_s()])
        return max(0.05, min(due_s - self._monotonic(), at_most_s))

    # questions

    def refresh(self) -> None:
        """Ask for everything."""
        self._begin()
        if self._with_services:
            self._ask(SERVICES)
        for registry in Registry:
            self._ask(list_question(registry))

    def refresh_soon(self) -> None:
        """Let everything be asked for at the next `on_time`."""
        self._refresh_at_s = 0.0

    def ask_list(self, registry: Registry) -> None:
        """Ask for a whole registry, or once more when its answer is here."""
        if self.owed.wants_list(registry) and not self._ask(list_question(registry)):
            self.owed.has_list(registry)

    def ask_entity(self, entity_id: str) -> None:
        """Ask for one entity, or for all of them where so many are owed."""
        if not self.owed.wants_entity(entity_id):
            self.ask_list(Registry.ENTITIES)
        elif not self._ask(entity_question(entity_id)):
            self.owed.has_entity(entity_id)

    # answers

    def has_list(self, registry: Registry) -> None:
        """Take note of the answer to a list; ask again if there was a change since."""
        if self.owed.has_list(registry):
            self.ask_list(registry)

    def retry(self, registry: Registry, error: CommandError) -> None:
        """Take note that a registry did not come; ask again in `RETRY_S` seconds."""
        self.owed.retry(registry, self._monotonic() + RETRY_S, error)

    def keep(self, name: str, answer: Raw) -> None:
        """Keep the answer to a question for `settle`, if everything was asked for."""
        if self.owed.whole:
            self._raw[name] = answer

    def settle(self) -> Answers | None:
        """Nothing is owed any more: return what came if everything was asked for.

        Afterwards the answers are forgotten: each holds the memory of a whole message.
        """
        if not self.owed.whole:
            return None
        self.owed.whole = False
        answers = Answers(
            self._raw.get(Registry.DEVICES),
            self._raw.get(Registry.ENTITIES),
            self._raw.get(SERVICES.name),
        )
        self._raw.clear()
        return answers

    # inside

    def _begin(self) -> None:
        """Take note that everything is asked for."""
        self.owed.begin(services=self._with_services)
        self._raw.clear()
        self.began_s = self._monotonic()
        self._refresh_at_s = self.began_s + self._settings.refresh

    def _ask(self, question: Question) -> bool:
        return self._line is not None and self._line.ask(question)
