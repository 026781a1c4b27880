"""A whole session beside the reference, with all that a service does to a pipeline.

Snapshots, tags of the registry that come and go, lines that are left in the
buffer over several frames, and a batch at the end. Nothing is sampled here.
"""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from hiq import Pipeline
from tests.fuzz.judge import Difference, counts, regrouped, same_reasons
from tests.fuzz.sessions import Session
from tests.reference import ReferencePipeline

ENTITY = re.compile(rb'"entity_id":"([a-z_]+\.\w+)"', re.ASCII)
TAGS: tuple[dict[str, str] | None, ...] = (
    {
        "platform": "mqtt",
        "integration": "mqtt",
        "area_id": "attic",
        "area": "At, the=top",
        "floor_id": "up",
        "floor": "Up\\",
        "device_id": "d1",
        "device": 'A "device"',
        "manufacturer": "Maker \\ Co",
        "model": "é",
        "sw_version": "1.0\n",
        "label_ids": "a|b",
        "labels": "A|B",
        "rid": "r1",
    },
    {"platform": "hue", "entity_category": "diagnostic"},
    None,
)
TAKE_EVERY = 7


def check(session: Session) -> int:
    """Judge every frame by the reference; returns their number. Raises Difference."""
    options = dict(session.options)
    # What the registry says of an entity that is not remembered is not known either.
    tagged = "max_entities" not in options
    if session.snapshot:
        # An entity that is not remembered has no last time, so no duplicates.
        options.pop("max_entities", None)
    core, reference = Pipeline(options), ReferencePipeline(options)
    for turn, frame in enumerate(session.frames):
        snapshot = session.snapshot and turn % 2 == 1
        if tagged and turn % 4 == 0:
            for name in set(ENTITY.findall(frame)):
                tags = TAGS[(crc32(name) + turn // 4) % 3]
                core.set_tags(name.decode(), tags)
                reference.set_tags(name.decode(), tags)
        ours = core.feed(bytearray(frame), snapshot=snapshot)
        theirs = reference.feed(frame, snapshot=snapshot)
        if counts(ours) != counts(theirs) or ours.full != theirs.full:
            raise Difference("reference's verdict", frame, ours, theirs)
        if core.buffered_points != reference.buffered_points or (
            core.buffered_bytes != reference.buffered_bytes
        ):
            raise Difference("buffered", frame, core.buffered_bytes, theirs)
        if turn % TAKE_EVERY == 0:
            same(frame, core.take(), reference.take())
            for schema in session.others:
                same(frame, core.take(schema), reference.take(schema))
    last = session.frames[-1]
    if not same_reasons(core.rejects(), reference.rejects()):
        raise Difference("rejects", last, core.rejects(), reference.rejects())
    taken, lines = core.take_batch(), reference.take()
    if not regrouped(taken.data, lines):
        raise Difference("batch", last, taken, lines)
    for schema in session.others:
        taken, lines = core.take_batch(schema), reference.take(schema)
        if not regrouped(taken.data, lines):
            raise Difference(f"batch of {schema}", last, taken, lines)
    return len(session.frames)


def same(frame: bytes, lines: bytes, expected: Any) -> None:
    """Lines are the reference's, byte for byte. Raises Difference."""
    if lines != expected:
        raise Difference("reference's lines", frame, lines, expected)
