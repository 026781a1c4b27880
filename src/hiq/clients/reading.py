"""A text message as a frame, or the code of what is wrong with it.

JSON is taken strictly: no NaN, no key twice, no lone surrogates, no depth beyond 32.
It must not know who sent the frame, nor what becomes of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from hiq.clients.frames import TYPES

__all__ = ["MAX_DEPTH", "Fault", "depth", "load", "to_frame"]

MAX_DEPTH: Final = 32
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS: Final = re.compile(r"[\[\]{}]")
_MISSING: Final = re.compile(r"missing required field `([^`]*)`")
_PATH: Final = re.compile(r" - at `\$(.*)`$")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a frame.

    Attributes:
        code: as in the table of the protocol.
        message: a sentence for people.
        field: JSON Pointer of the field that is meant, if one is.
        frame_id: the `id` that the frame has, if it could be read.
    """

    code: str
    message: str
    field: str | None = None
    frame_id: Any = None


class _TwiceError(ValueError):
    pass


def load(text: str) -> Any | Fault:
    """Return what a text holds, or `INVALID_JSON` or `NOT_AN_OBJECT`."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        return Fault("INVALID_JSON", f"Invalid JSON: {exc}"[:300])
    deep = _depth_of_text(text)
    if deep > MAX_DEPTH:
        return Fault(
            "INVALID_JSON",
            f"Invalid JSON: nested {deep} levels deep, {MAX_DEPTH} are allowed",
        )
    try:
        json.loads(text, object_pairs_hook=_once)
    except _TwiceError as exc:
        return Fault("INVALID_JSON", f"Invalid JSON: the key {exc} is there twice")
    except ValueError as exc:  # a number with thousands of digits
        return Fault("INVALID_JSON", f"Invalid JSON: {exc}"[:300])
    if not isinstance(found, dict):
        return Fault(
            "NOT_AN_OBJECT", f"Message must be a JSON object, not {_kind(found)}"
        )
    return found


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        for name, _value in pairs:
            if name in seen:
                raise _TwiceError(repr(name[:50]))
            seen.add(name)


def _depth_of_text(text: str) -> int:
    """Return how deep a valid JSON text is nested."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    now = most = 0
    for sign in _BRACKETS.findall(_STRING.sub("", text)):
        now += 1 if sign in "[{" else -1
        most = max(most, now)
    return most


def depth(value: Any) -> int:
    """Return how deep a value is nested: 0 for what is no list and no object."""
    most, waiting = 0, [(value, 1)]
    while waiting:
        found, level = waiting.pop()
        if isinstance(found, dict):
            below: Any = found.values()
        elif isinstance(found, list):
            below = found
        else:
            continue
        most = max(most, level)
        waiting += [(one, level + 1) for one in below]
    return most


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def to_frame(found: dict[str, Any]) -> Any | Fault:
    """Return the frame that an object is, or what its type or its fields lack."""
    frame_id = found.get("id")
    if not isinstance(frame_id, str | int) or isinstance(frame_id, bool):
        frame_id = None
    elif isinstance(frame_id, str):
        frame_id = frame_id[:64]
    name = found.get("type")
    if not isinstance(name, str) or not name:
        return Fault(
            "MISSING_TYPE", "Field 'type' is missing or is no text", "type", frame_id
        )
    if name not in TYPES:
        return Fault(
            "UNKNOWN_TYPE",
            f"Unknown message type {name[:50]!r}; known are {', '.join(TYPES)}",
            "type",
            frame_id,
        )
    try:
        return msgspec.convert(found, TYPES[name])
    except msgspec.ValidationError as exc:
        return _schema_fault(str(exc), name, frame_id)


def _schema_fault(text: str, name: str, frame_id: Any) -> Fault:
    path = _PATH.search(text)
    pointer = "" if path is None else _pointer(path[1])
    said = text[: path.start()] if path else text
    missing = _MISSING.search(said)
    if missing:
        return Fault(
            "MISSING_FIELD",
            f"A message {name!r} needs the field {missing[1]!r}",
            f"{pointer}/{missing[1]}",
            frame_id,
        )
    return Fault(
        "INVALID_FIELD", f"A field of {name!r} is wrong: {said}", pointer, frame_id
    )


def _pointer(path: str) -> str:
    """Return a path such as `.filter.entities[0]` as JSON Pointer (RFC 6901)."""
    steps = [key or index for key, index in _STEP.findall(path)]
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
