"""What hiq says to Home Assistant, as pure builders of message text.

Each builder takes the id and returns the bytes of one WebSocket text message. Ids are
the session's business; who is asked, and when, as well.

Source: https://developers.home-assistant.io/docs/api/websocket
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

__all__ = [
    "AREA_REGISTRY",
    "DEVICE_REGISTRY",
    "ENTITY_REGISTRY",
    "FEATURES",
    "GET_CONFIG",
    "GET_STATES",
    "PING",
    "SUBSCRIBE",
    "auth",
    "command",
    "ping",
    "subscribe_events",
    "supported_features",
]

FEATURES: Final = "supported_features"
SUBSCRIBE: Final = "subscribe_events"
GET_STATES: Final = "get_states"
GET_CONFIG: Final = "get_config"
PING: Final = "ping"
AREA_REGISTRY: Final = "config/area_registry/list"
DEVICE_REGISTRY: Final = "config/device_registry/list"
ENTITY_REGISTRY: Final = "config/entity_registry/list"


def auth(token: str) -> bytes:
    """Log in; the only message without an id, and the only one with a secret."""
    return msgspec.json.encode({"type": "auth", "access_token": token})


def command(number: int, name: str, **arguments: Any) -> bytes:
    """Ask for something: `{"id": number, "type": name, ...}`."""
    return msgspec.json.encode({"id": number, "type": name, **arguments})


def supported_features(number: int) -> bytes:
    """Announce that a frame may carry an array of messages; must be the first."""
    return command(number, FEATURES, features={"coalesce_messages": 1})


def subscribe_events(number: int, event_type: str) -> bytes:
    """Subscribe to one event type; all types at once would need an admin."""
    return command(number, SUBSCRIBE, event_type=event_type)


def ping(number: int) -> bytes:
    """Ask for a pong; it comes through the same queue as the events."""
    return command(number, PING)
