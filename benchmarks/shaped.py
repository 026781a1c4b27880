"""Recorded messages in other shapes: more entities, other sizes.

What is changed is the entity id, by a number behind it, or the attributes, by more or
fewer text attributes of ordinary length. Everything else stays as it was recorded.
"""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["of_entities", "of_size"]

STATES = ("old_state", "new_state")
VALUE = "an attribute of ordinary length, "


def of_entities(messages: list[bytes], entities: int, count: int) -> list[bytes]:
    """So many messages that go round so many entities; each changes in each round."""
    out = []
    for at in range(count):
        round_, entity = divmod(at, entities)
        message = messages[(entity + round_) % len(messages)]
        start = message.index(b'"entity_id":"') + 13
        entity_id = message[start : message.index(b'"', start)]
        renamed = b"%s_%d" % (entity_id, entity)
        quoted = b'"entity_id":"%s"'
        out.append(message.replace(quoted % entity_id, quoted % renamed))
    return out


def of_size(message: bytes, size: int, number: int = 0) -> bytes:
    """The message with attributes until it has about so many bytes.

    Args:
        message: a recorded `state_changed`.
        size: bytes; without attributes and old state it has about 400.
        number: is the state, so that the new state differs from the one before.
    """
    loaded: dict[str, Any] = orjson.loads(message)
    data = loaded["event"]["data"]
    if size < 1000:
        data["old_state"] = None
    data["new_state"]["state"] = str(number)
    attributes: dict[str, str] = {}
    for name in STATES:
        if data[name] is not None:
            data[name]["attributes"] = attributes
    both = sum(data[name] is not None for name in STATES)
    if size < 400:
        for part in (data["new_state"], loaded["event"]):
            part.pop("context", None)
    missing = size - len(orjson.dumps(loaded))
    each = len(VALUE) * 4 + 20
    for at in range(max(0, missing) // (both * each)):
        attributes[f"text_{at:05d}"] = VALUE * 4
    return orjson.dumps(loaded)
