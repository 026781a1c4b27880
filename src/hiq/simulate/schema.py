"""Which fields a message to Home Assistant may have, and how it says that not.

Covers the messages that the simulated home understands. The texts are those that
voluptuous makes for people, as Home Assistant 2024.3 sends them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hiq.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["COMMANDS", "LOGIN", "InvalidFormat", "Schema"]

NAMES = {dict: "a dictionary", list: "a list", str: "str", bool: "bool", int: "int"}


class InvalidFormat(ProtocolError):
    """A message has the wrong fields; the text says which."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one message beside `id` and `type`.

    Attributes:
        required: name -> type.
        optional: name -> type.
        type: the value that `type` must have, "" for any.
        with_id: whether the message has an `id`.
    """

    required: Mapping[str, type]
    optional: Mapping[str, type]
    type: str = ""
    with_id: bool = True

    def check(self, message: Any) -> dict[str, Any]:
        """Return the fields; InvalidFormat if they are not as they should be."""
        if not isinstance(message, dict):
            raise InvalidFormat(f"expected a dictionary. Got {message!r}")
        problems = sorted(self._problems(message))
        if problems:
            raise InvalidFormat("\n".join(problems))
        fields = {**self.required, **self.optional}
        return {name: message[name] for name in fields if name in message}

    def _problems(self, message: dict[str, Any]) -> Iterator[str]:
        fields = {**self.required, **self.optional}
        head = {"type", "id"} if self.with_id else {"type"}
        for name, value in message.items():
            where = f"@ data[{name!r}]"
            bad = f"for dictionary value {where}. Got {value!r}"
            if name in fields:
                if type(value) is not fields[name]:
                    yield f"expected {NAMES[fields[name]]} {bad}"
                elif isinstance(value, list):
                    yield from _not_texts(value, where)
            elif name not in head:
                yield f"extra keys not allowed {where}. Got {value!r}"
            elif name == "type" and self.type and value != self.type:
                yield f"not a valid value {bad}"
        for name in [*self.required, *({"type"} if self.type else ())]:
            if name not in message:
                yield f"required key not provided @ data[{name!r}]. Got None"


def _not_texts(values: list[Any], where: str) -> Iterator[str]:
    """Yield what is wrong with a list that should hold texts."""
    for number, value in enumerate(values):
        if not isinstance(value, str):
            yield f"expected str {where}[{number}]. Got {value!r}"


LOGIN = Schema({}, {"access_token": str, "api_password": str}, "auth", with_id=False)

_PLAIN = Schema({}, {})
COMMANDS: dict[str, Schema] = {
    "ping": _PLAIN,
    "auth/current_user": _PLAIN,
    "supported_features": Schema({"features": dict}, {}),
    "subscribe_events": Schema({}, {"event_type": str}),
    "unsubscribe_events": Schema({"subscription": int}, {}),
    "get_states": _PLAIN,
    "get_config": _PLAIN,
    "get_services": _PLAIN,
    "config_entries/get": Schema({}, {"domain": str, "type_filter": list}),
    "config/area_registry/list": _PLAIN,
    "config/device_registry/list": _PLAIN,
    "config/entity_registry/get": Schema({"entity_id": str}, {}),
    "config/entity_registry/list": _PLAIN,
    "config/floor_registry/list": _PLAIN,
    "config/label_registry/list": _PLAIN,
    "recorder/info": _PLAIN,
    "history/history_during_period": Schema(
        {"start_time": str, "entity_ids": list},
        {
            "end_time": str,
            "include_start_time_state": bool,
            "significant_changes_only": bool,
            "minimal_response": bool,
            "no_attributes": bool,
        },
    ),
}
