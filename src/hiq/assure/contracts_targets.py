"""What is known of the things that services act on: whether one had to answer.

A light that is switched on and was on already does not answer, and need not. Who is
unavailable, does not exist, or is in another state than was asked for has no excuse.
Home Assistant's own services only; of any other nothing is expected but that its
target is there. It must not know chains, nor where states come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Targets"]

MOST_TARGETS: Final = 100_000
UNAVAILABLE: Final = "unavailable"
SILENT: Final = frozenset(
    (
        *("homeassistant.update_entity", "homeassistant.reload_config_entry"),
        *("logbook.log", "recorder.purge_entities"),
    )
)
"""Services that are meant for who does not answer, or ask for nothing."""

LONG_AGO_S: Final = float("-inf")
CHANGES: Final = frozenset(("",))

ON: Final = frozenset(("on",))
OFF: Final = frozenset(("off",))

SWITCHED: Final = frozenset(
    ("light", "switch", "fan", "input_boolean", "siren", "humidifier")
)
SWITCHING: Final = {"turn_on": ON, "turn_off": OFF, "toggle": CHANGES}
WANTED: Final = {
    **{
        f"{domain}.{service}": states
        for domain in (*SWITCHED, "homeassistant")
        for service, states in SWITCHING.items()
    },
    "lock.lock": frozenset(("locked", "locking")),
    "lock.unlock": frozenset(("unlocked", "unlocking", "open", "opening")),
}
"""Service -> states of which its target should have one afterwards."""


class Known(NamedTuple):
    """The last state of an entity, and when it came; text only where it is used."""

    state: str
    since_s: float


class _New(Struct, frozen=True):
    state: str = ""


class _Data(Struct, frozen=True):
    entity_id: str = ""
    new_state: _New | None = None


class _State(Struct, frozen=True):
    entity_id: str
    state: str = ""


_DATA = msgspec.json.Decoder(_Data)
_STATE = msgspec.json.Decoder(_State)


class Targets:
    """The last states of all entities.

    Args:
        follows: whether changes of an entity are seen here at all; the filter may
            hide them.
    """

    def __init__(self, follows: Callable[[str], bool] = lambda _name: True) -> None:
        self._follows = follows
        self._known: dict[str, Known] = {}
        self._complete = False
        self.unreadable = 0
        self.too_many = 0

    def __len__(self) -> int:
        return len(self._known)

    def begin(self, states: Iterable[bytes]) -> None:
        """Take all states there are, as at a connect."""
        self._known.clear()
        for json in states:
            try:
                found = _STATE.decode(json)
            except msgspec.DecodeError:
                self.unreadable += 1
            else:
                # They are as old as can be: only what comes later is an answer.
                self._put(found.entity_id, Known(found.state, LONG_AGO_S))
        self._complete = True

    def changed(self, data: bytes | msgspec.Raw, now_s: float) -> None:
        """Take the data of a `state_changed` event."""
        try:
            found = _DATA.decode(data)
        except msgspec.DecodeError:
            self.unreadable += 1
            return
        if found.new_state is None:
            self._known.pop(found.entity_id, None)
        else:
            self._put(found.entity_id, Known(found.new_state.state, now_s))

    def forget(self) -> None:
        """Know nothing: events were missed."""
        self._known.clear()
        self._complete = False

    def excuse(self, label: str, entity_id: str, asked_s: float) -> str | None:
        """Return None if an entity need not have answered, else what is known of it.

        Args:
            label: the service, as `light.turn_on`.
            entity_id: its target.
            asked_s: when it was called.
        """
        known = self._known.get(entity_id)
        if not self._complete or label in SILENT or "." not in entity_id:
            return None
        if not self._follows(entity_id):
            return None
        if known is None:
            return "does not exist" if not self.too_many else None
        if known.state == UNAVAILABLE:
            return "is unavailable"
        wanted = WANTED.get(label)
        domain = entity_id.partition(".")[0]
        if wanted is None or (
            label.startswith("homeassistant.") and domain not in SWITCHED
        ):
            return None
        if known.since_s >= asked_s or known.state in wanted:
            return None
        return f"is still {known.state}"

    def _put(self, entity_id: str, known: Known) -> None:
        if len(self._known) >= MOST_TARGETS and entity_id not in self._known:
            self.too_many += 1
            return
        self._known[entity_id] = known
