"""What hiq says to Home Assistant, as pure builders of message text.

Each builder takes the id and returns the bytes of one WebSocket text message. Ids are
the session's business; who is asked, and when, as well.

Source: https://developers.home-assistant.io/docs/api/websocket
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

__all__ = [
    "QUESTION_S",
    "Command",
    "Question",
    "auth",
    "command",
    "ping",
    "subscribe_events",
    "supported_features",
]


QUESTION_S = 15.0


class Command(StrEnum):
    """The `type` of each command that hiq sends."""

    FEATURES = "supported_features"
    SUBSCRIBE = "subscribe_events"
    GET_STATES = "get_states"
    GET_CONFIG = "get_config"
    FIRE_EVENT = "fire_event"
    CALL_SERVICE = "call_service"
    PING = "ping"
    HISTORY = "history/history_during_period"
    RECORDER_INFO = "recorder/info"
    STATISTIC_IDS = "recorder/list_statistic_ids"
    STATISTICS = "recorder/statistics_during_period"


@dataclass(frozen=True, slots=True)
class Question:
    """A command that hiq can do without an answer to.

    A refusal, or no answer in time, is told to who asked; the connection stays.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    timeout_s: float = QUESTION_S

    @property
    def argument(self) -> str:
        """The value of its first argument, "" without any."""
        return str(self.arguments[0][1]) if self.arguments else ""


def auth(token: str) -> bytes:
    """Log in; the only message without an id, and the only one with a secret."""
    return msgspec.json.encode({"type": "auth", "access_token": token})


def command(number: int, name: str, **arguments: Any) -> bytes:
    """Ask for something: `{"id": number, "type": name, ...}`."""
    return msgspec.json.encode({"id": number, "type": name, **arguments})


def supported_features(number: int) -> bytes:
    """Announce that a frame may carry an array of messages; must be the first."""
    return command(number, Command.FEATURES, features={"coalesce_messages": 1})


def subscribe_events(number: int, event_type: str) -> bytes:
    """Subscribe to one event type; all types at once would need an admin."""
    return command(number, Command.SUBSCRIBE, event_type=event_type)


def ping(number: int) -> bytes:
    """Ask for a pong; it comes through the same queue as the events."""
    return command(number, Command.PING)
