"""Changes of one JSON text that is cut into pieces: some keep it valid, some do not.

Each takes the pieces, which it changes, and what they were for. It knows nothing of
events or of the order of frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from tests.fuzz import words
from tests.fuzz.seeds import Cut

T = TypeVar("T")
Pieces = list[bytes]


class Changer:
    """Random choices, and the changes made by them."""

    def __init__(self, random: Random) -> None:
        self._random = random

    # random choices

    def _below(self, count: int) -> int:
        return int(self._random.random() * count)

    def _pick(self, items: Sequence[T]) -> T:
        return items[int(self._random.random() * len(items))]

    def _word(self) -> bytes:
        """A valid value."""
        if self._random.random() < 0.4:
            return words.number(self._random)
        return self._pick(words.VALID)

    def _value(self, pieces: Pieces, what: Cut) -> None:
        pieces[self._pick(what.scalars)] = self._word()

    def _key(self, pieces: Pieces, what: Cut) -> None:
        if what.keys:
            pieces[self._pick(what.keys)] = self._pick(words.KEYS)

    def _space(self, pieces: Pieces, what: Cut) -> None:
        at = self._below(len(pieces))
        space = self._pick(words.SPACE)
        pieces[at] = (
            space + pieces[at] if self._random.random() < 0.5 else pieces[at] + space
        )

    def _double(self, pieces: Pieces, what: Cut) -> None:
        """A member stands twice, the second time perhaps with another value."""
        if what.members:
            start, end = self._pick(what.members)
            other = self._pick(what.members)
            copied = pieces[start:end]
            if self._random.random() < 0.5:
                copied = [pieces[start], b":", self._word()]
            place = end - 1 if self._random.random() < 0.7 else other[1] - 1
            pieces[place] = pieces[place] + b"," + b"".join(copied)

    def _add(self, pieces: Pieces, what: Cut) -> None:
        """A new member behind another one."""
        if what.members:
            end = self._pick(what.members)[1]
            added = b",%b:%b" % (self._pick(words.KEYS), self._word())
            pieces[end - 1] = pieces[end - 1] + added

    def _drop(self, pieces: Pieces, what: Cut) -> None:
        """A member less, with the comma beside it."""
        if what.members:
            start, end = self._pick(what.members)
            if end < len(pieces) and pieces[end] == b",":
                end += 1
            elif start and pieces[start - 1] == b",":
                start -= 1
            for at in range(start, end):
                pieces[at] = b""

    def _swap(self, pieces: Pieces, what: Cut) -> None:
        one, other = self._pick(what.scalars), self._pick(what.scalars)
        pieces[one], pieces[other] = pieces[other], pieces[one]

    def _nest(self, pieces: Pieces, what: Cut) -> None:
        at = self._pick(what.scalars)
        before, behind = self._pick(((b"[", b"]"), (b'{"a":', b"}"), (b"[0,", b"]")))
        pieces[at] = before + pieces[at] + behind

    def _escape(self, pieces: Pieces, what: Cut) -> None:
        """A character of a string or key is written as its escape."""
        at = self._pick(what.keys or what.scalars)
        text = pieces[at]
        if len(text) > 2 and text[0] == 34:
            place = 1 + self._below(len(text) - 2)
            if 32 < text[place] < 127 and b"\\" not in text:
                escaped = b"\\u%04x" % text[place]
                pieces[at] = text[:place] + escaped + text[place + 1 :]

    def _bad_value(self, pieces: Pieces, what: Cut) -> None:
        pieces[self._pick(what.scalars)] = (
            words.borderline(self._random)
            if self._random.random() < 0.4
            else self._pick(words.BROKEN_VALUES)
        )

    def _insert(self, pieces: Pieces, what: Cut) -> None:
        at = self._below(len(pieces))
        pieces[at] = pieces[at] + self._pick(words.PUNCTUATION)

    def _lose(self, pieces: Pieces, what: Cut) -> None:
        pieces[self._below(len(pieces))] = b""

    def _cut_off(self, pieces: Pieces, what: Cut) -> None:
        at = self._below(len(pieces))
        pieces[at] = pieces[at][: self._below(len(pieces[at]) + 1)]
        for rest in range(at + 1, len(pieces)):
            pieces[rest] = b""

    def _inside(self, pieces: Pieces, what: Cut) -> None:
        """A byte of a piece is another one."""
        at = self._below(len(pieces))
        pieces[at] = self.bytes(pieces[at])

    def bytes(self, frame: bytes) -> bytes:
        """Bytes changed, lost or doubled without regard to what they are."""
        data = bytearray(frame)
        for _ in range(1 + self._below(3)):
            if not data:
                break
            at = self._below(len(data))
            kind = self._below(5)
            if kind == 0:
                data[at] = self._below(256)
            elif kind == 1:
                data[at] ^= 1 << self._below(8)
            elif kind == 2:
                del data[at : at + 1 + self._below(8)]
            elif kind == 3:
                data[at:at] = data[at : at + 1 + self._below(24)]
            else:
                del data[at + self._below(len(data) - at) :]
        return bytes(data)


Change = Callable[[Changer, Pieces, Cut], None]
VALID_CHANGES: tuple[Change, ...] = (
    Changer._value,
    Changer._value,
    Changer._key,
    Changer._space,
    Changer._space,
    Changer._double,
    Changer._add,
    Changer._drop,
    Changer._swap,
    Changer._nest,
    Changer._escape,
)
BROKEN_CHANGES: tuple[Change, ...] = (
    Changer._bad_value,
    Changer._bad_value,
    Changer._insert,
    Changer._lose,
    Changer._cut_off,
    Changer._inside,
)
