"""Recorded frames cut into pieces, so that a mutation is a change of some pieces.

A piece is one token of JSON, or the space between two. What a token is for (a value,
a key, a member from its key to the end of its value) is worked out once, when the
frames are loaded. Joining all pieces gives the frame back.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

from tests.corpus import frames

TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[-+.\w]+|[\[\]{}:,]|\s+', re.DOTALL)
LONGEST = 900  # of a frame that is used often
BIG = 60_000


@dataclass(slots=True)
class Cut:
    """One JSON text in pieces, and which of them are what."""

    pieces: list[bytes]
    scalars: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    inner: list[int] = field(default_factory=list)
    """The scalars in `attributes`."""
    members: list[tuple[int, int]] = field(default_factory=list)
    """From the piece of the key to behind the last one of the value."""
    named: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """Where the value of a key begins and ends; the first of each name."""


def cut(text: bytes) -> Cut:
    """Cut valid JSON without spaces between its tokens."""
    made = Cut(TOKEN.findall(text))
    if b"".join(made.pieces) != text:
        raise ValueError(f"not cut without loss: {text[:80]!r}")
    _value(made, 0)
    return made


def _value(made: Cut, at: int) -> int:
    """Note the value that begins at a piece; returns the piece behind it."""
    pieces = made.pieces
    opened = pieces[at]
    if opened not in (b"{", b"["):
        made.scalars.append(at)
        return at + 1
    at += 1
    while pieces[at] not in (b"}", b"]"):
        if pieces[at] == b",":
            at += 1
        if opened == b"[":
            at = _value(made, at)
            continue
        key = at
        made.keys.append(key)
        at = _value(made, key + 2)
        made.members.append((key, at))
        made.named.setdefault(pieces[key], (key + 2, at))
    return at + 1


@dataclass(slots=True)
class Home:
    """An entity: the frame around its states, and the states it went through."""

    entity_id: bytes
    envelope: Cut
    """With `old_state` and `new_state` as one piece each."""
    old: int
    new: int
    stamp: int
    """Pieces of the old state, the new state and the time."""
    states: list[Cut]


def _home(frame: bytes) -> tuple[bytes, Cut, Cut] | None:
    """The entity, the envelope and the new state of one frame, None if it has none."""
    whole = cut(frame)
    spans = [whole.named.get(key) for key in (b'"old_state"', b'"new_state"')]
    if None in spans or b'"time_fired"' not in whole.named:
        return None
    (old, old_end), (new, new_end) = spans  # type: ignore[misc]  # None is checked
    if old > new or whole.pieces[new] != b"{":
        return None
    pieces = whole.pieces
    state = cut(b"".join(pieces[new:new_end]))
    if b'"attributes"' not in state.named or b'"state"' not in state.named:
        return None
    first, behind = state.named[b'"attributes"']
    state.inner = [place for place in state.scalars if first < place < behind]
    around = cut(
        b"".join([*pieces[:old], b"0", *pieces[old_end:new], b"0", *pieces[new_end:]])
    )
    return pieces[whole.named[b'"entity_id"'][0]], around, state


@dataclass(slots=True)
class Seeds:
    """Everything that mutations start from."""

    homes: list[Home]
    others: list[Cut]
    """Frames that are not single state events: lists, answers, other events."""
    big: list[bytes]


def load(random: Random, share: int = 4) -> Seeds:
    """Read the recorded frames; `share`: every so many of the longest list."""
    recorded = frames("state_changed")
    by_entity: dict[bytes, list[tuple[Cut, Cut]]] = defaultdict(list)
    for frame in recorded[::share]:
        if len(frame) <= LONGEST and (found := _home(frame)):
            by_entity[found[0]].append(found[1:])
    homes = []
    for entity_id, found in by_entity.items():
        around = found[0][0]
        homes.append(
            Home(
                entity_id,
                around,
                around.named[b'"old_state"'][0],
                around.named[b'"new_state"'][0],
                around.named[b'"time_fired"'][0],
                [state for _, state in found[:12]],
            )
        )
    others = [
        cut(frame)
        for name in ("events_all_coalesced", "entities_coalesced", "commands")
        for frame in frames(name)
        if len(frame) <= LONGEST
    ]
    big = [frame for frame in recorded if LONGEST < len(frame) <= BIG]
    random.shuffle(homes)
    random.shuffle(others)
    return Seeds(homes, others[:600], random.sample(big, min(40, len(big))))
