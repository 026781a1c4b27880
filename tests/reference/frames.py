"""Frames, taken apart slowly: messages, times, and why something is refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.reference.raw import RawDecoder

TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_SECONDS = 9_223_372_035  # whose nanoseconds fit 64 bits


class Rejected(Exception):
    """An event that validation refuses; carries the reason code."""


def time_ns(text: Any) -> int:
    """ISO 8601 text to ns: integers all the way, the offset is honoured."""
    match = TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Rejected("BAD_TIME")
    seconds, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(seconds + offset.replace("Z", "+00:00"))
        whole = (moment - EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise Rejected("BAD_TIME") from None
    if abs(whole) > MAX_SECONDS:
        raise Rejected("NOT_ENCODABLE")
    return whole * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def moment(text: Any) -> int | None:
    """The same, None for what is no time."""
    try:
        return time_ns(text)
    except Rejected:
        return None


def frame_reason(frame: bytes) -> str:
    """Why a frame is refused whole."""
    try:
        frame.decode()
    except UnicodeDecodeError:
        return "BAD_UTF8"
    return "BAD_JSON"


@contextmanager
def deep() -> Iterator[None]:
    """Room for the deepest JSON that orjson takes (1,024 levels)."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def messages(frame: bytes) -> list[tuple[Any, bytes]]:
    """The messages of a valid frame, each with its own bytes."""
    text = frame.decode().strip(" \t\r\n")
    decode = RawDecoder().raw_decode
    if not text.startswith("["):
        return [(decode(text)[0], text.encode())]
    found: list[tuple[Any, bytes]] = []
    position = 1
    while True:
        while text[position] in " \t\r\n,":
            position += 1
        if text[position] == "]":
            return found
        value, end = decode(text, position)
        found.append((value, text[position:end].encode()))
        position = end


def is_state_event(message: Any) -> bool:
    """`type` is `event` and the event's type is `state_changed`."""
    return (
        isinstance(message, dict)
        and message.get("type") == "event"
        and isinstance(message.get("event"), dict)
        and message["event"].get("event_type") == "state_changed"
    )


def device_class_of(data: dict[str, Any]) -> str:
    """The class in the new state, on removal that in the old one."""
    state = data.get("new_state")
    if state is None:
        state = data.get("old_state")
    attributes = state.get("attributes") if isinstance(state, dict) else None
    found = attributes.get("device_class") if isinstance(attributes, dict) else None
    return found if isinstance(found, str) else ""
