"""Recorded messages in other shapes: more entities, other sizes.

What is changed is the entity id, by a number behind it, or the attributes, by more or
fewer text attributes of ordinary length. All else stays as recorded.
"""

from __future__ import annotations

import random
from typing import Any

import orjson

__all__ = ["entity_of", "of_entities", "of_size"]

ENTITY = b'"entity_id":"'
STATES = ("old_state", "new_state")
LIVES = 100
VALUE = "an attribute of ordinary length, "


def entity_of(message: bytes) -> bytes:
    """The id of the entity that a recorded message is about."""
    start = message.index(ENTITY) + len(ENTITY)
    return message[start : message.index(b'"', start)]


def of_entities(messages: list[bytes], entities: int, count: int) -> list[bytes]:
    """So many messages that go round so many entities.

    Each new entity does by turns the first two things that one of a hundred recorded
    entities did. So the mix is the same however many there are.
    """
    recorded: dict[bytes, list[bytes]] = {}
    for message in messages:
        recorded.setdefault(entity_of(message), []).append(message)
    lives = random.Random(1).sample(list(recorded.items()), min(LIVES, len(recorded)))
    out = []
    for at in range(count):
        visit, number = divmod(at, entities)
        entity_id, life = lives[number % len(lives)]
        old = ENTITY + entity_id
        message = life[visit % min(2, len(life))]
        out.append(message.replace(old, b"%s_%d" % (old, number)))
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
