"""A real conversation with Home Assistant 2024.3.3, recorded; its token is redacted."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

FILE = Path(__file__).parent / "conversation.ndjson.xz"


def exchanges() -> list[tuple[object, list[object]]]:
    """Every request (None, a text or a message) and the frames that followed."""
    with lzma.open(FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(row["request"], row["frames"]) for row in rows]


def answer(kind: str, *, as_id: int | None = None) -> bytes:
    """The first frame that answered a command of this type, under another id."""
    for request, frames in exchanges():
        if isinstance(request, dict) and request.get("type") == kind:
            text = frames[0]
            assert isinstance(text, str)
            if as_id is not None:
                old = f'"id":{request["id"]}'
                assert old in text
                text = text.replace(old, f'"id":{as_id}', 1)
            return text.encode()
    raise AssertionError(kind)


def login_answers() -> list[bytes]:
    """All frames that Home Assistant sent to refuse a log-in."""
    return [
        frame.encode()
        for _, frames in exchanges()
        for frame in frames
        if isinstance(frame, str) and "auth_invalid" in frame
    ]
