"""What is played over the wire: the recorded state changes, in three forms.

- `single`: one message per frame and one send per frame, as Home Assistant does it;
- `stream`: the same frames, a quarter of a MiB to a send: all that a reader can wish;
- `coalesced`: forty messages to a frame of about 40 KB, as Home Assistant makes them
  of a burst; a quarter of a MiB to a send.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from tests.corpus import frames as recorded

from benchmarks.loopback import chunks
from hiq import Pipeline

__all__ = ["FORMS", "Played", "played"]

FORMS = ("single", "stream", "coalesced")
TOGETHER = 40


class Played(NamedTuple):
    """Messages as they go into frames, and what must come out of them."""

    messages: list[bytes]
    pieces: list[bytes]
    """The same as finished frames, each piece for one send."""
    events: int
    points: int


@cache
def played(form: str, limit: int | None = None) -> Played:
    """Load the recording, at most `limit` messages of it."""
    pipeline = Pipeline()
    messages = []
    points = 0
    for message in recorded(limit=limit):
        verdict = pipeline.feed(message)
        points += verdict.points
        pipeline.take()
        if verdict.events:
            messages.append(message)
    events = len(messages)
    if form == "single":
        return Played(messages, chunks(messages, 1), events, points)
    if form == "coalesced":
        messages = [
            b"[" + b",".join(messages[at : at + TOGETHER]) + b"]"
            for at in range(0, events, TOGETHER)
        ]
    return Played(messages, chunks(messages), events, points)
