"""What a session tells its owner, as plain data.

One class for each thing that may happen in a conversation with Home Assistant, without
any behaviour: the session makes them, the owner matches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msgspec import Raw

    from hiq.errors import CommandError
    from hiq.ha.commands import Question
    from hiq.ha.messages import Config

__all__ = [
    "Answered",
    "Configured",
    "Event",
    "Greeted",
    "HoldEnded",
    "LoggedIn",
    "Ponged",
    "Refused",
    "SessionEvent",
    "StatesReceived",
    "Subscribed",
]


@dataclass(frozen=True, slots=True)
class Greeted:
    """Home Assistant is there and asks for the token."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The token was accepted."""

    version: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """All subscriptions are confirmed: from here on nothing is missed."""

    event_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configured:
    """Home Assistant told its configuration."""

    config: Config


@dataclass(frozen=True, slots=True)
class StatesReceived:
    """All states, each as bytes that share the memory of the message.

    They are fed when the owner has seen the event: it may take some out of the list.
    """

    states: list[Raw]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question is settled: `result` as bytes, or why there is none.

    The result shares the memory of its message.
    """

    question: Question
    result: Raw | None = None
    error: CommandError | None = None


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """The subscription waited as long as it may, and was not released."""


@dataclass(frozen=True, slots=True)
class Ponged:
    """The queue of Home Assistant answered; `seconds` is the round trip."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that can be done without was refused."""

    error: CommandError


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a subscription other than `state_changed`."""

    message: bytes


SessionEvent = (
    Greeted
    | LoggedIn
    | Subscribed
    | Configured
    | StatesReceived
    | Answered
    | HoldEnded
    | Ponged
    | Refused
    | Event
)
