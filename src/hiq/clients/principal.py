"""Who a client is and what it may see: taken from the token, never from a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hiq.clients.globs import matches

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EVERYTHING", "WORDS", "Principal", "Scopes", "is_unicode", "scopes_of"]

WORDS: Final = ("read", "control", "alerts")
MOST_NAMES: Final = 200


@dataclass(frozen=True, slots=True)
class Scopes:
    """What a token allows.

    Attributes:
        words: `read` events and states, `control` hiq and write the own document,
            `alerts` of the monitor.
        entities: globs of entity ids; None for all.
        event_types: None for all.
    """

    words: frozenset[str] = frozenset(("read",))
    entities: tuple[str, ...] | None = None
    event_types: frozenset[str] | None = None

    @property
    def narrowed(self) -> bool:
        """Whether not every entity and event may be seen."""
        return self.entities is not None or self.event_types is not None

    def event(self, event_type: str, entity_id: str) -> bool:
        """Return whether an event may be seen; "" where it belongs to no entity."""
        if "read" not in self.words:
            return False
        if self.event_types is not None and event_type not in self.event_types:
            return False
        if self.entities is None:
            return True
        return any(matches(glob, entity_id) for glob in self.entities)


EVERYTHING: Final = Scopes(frozenset(WORDS))


@dataclass(frozen=True, slots=True)
class Principal:
    """One client for the life of its connection.

    Attributes:
        sub: the user.
        scopes: what may be seen and done.
        expires_s: Unix seconds at which the token ends; None: there is no token,
            since authentication is off or the Supervisor answers for the user.
    """

    sub: str
    scopes: Scopes
    expires_s: float | None = None


def scopes_of(claims: Mapping[str, Any]) -> Scopes | str:
    """Return the scopes in a token, or the name of the claim that is malformed.

    `scope` is a text with spaces between words (RFC 8693, section 4.2) or a list;
    without it a token may read. Words that mean nothing here are ignored.
    """
    given = claims.get("scope", "read")
    words = given.split() if isinstance(given, str) else _names(given)
    if words is None:
        return "scope"
    entities = types = None
    if "entities" in claims and (entities := _names(claims["entities"])) is None:
        return "entities"
    if "event_types" in claims and (types := _names(claims["event_types"])) is None:
        return "event_types"
    return Scopes(
        frozenset(words) & frozenset(WORDS),
        None if entities is None else tuple(entities),
        None if types is None else frozenset(types),
    )


def _names(given: Any) -> list[str] | None:
    """Return a list of names, None if it is none."""
    if not isinstance(given, list) or len(given) > MOST_NAMES:
        return None
    if not all(isinstance(name, str) and is_unicode(name) for name in given):
        return None
    return given


def is_unicode(text: str) -> bool:
    """Return whether a text can be stored and sent; JSON can hold half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
