"""Sequences of frames as a Home Assistant might send them, and as none ever would.

Most steps go on where an entity was: its last state becomes the old state, a value or
two of the new one change. The rest breaks grammar, order, encoding or size. What a
step makes depends on the random numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.fuzz import words
from tests.fuzz.changes import BROKEN_CHANGES, VALID_CHANGES, Changer
from tests.fuzz.seeds import Cut, Home, Seeds

LONGEST = 12_000


class Chain:
    """One entity as it goes on: what its state is made of now."""

    __slots__ = ("home", "last", "pieces", "state")

    def __init__(self, home: Home, state: Cut) -> None:
        self.home = home
        self.state = state
        self.pieces = list(state.pieces)
        self.last = b"null"


class Mutator(Changer):
    """Makes frames out of seeds; the same random numbers make the same frames."""

    def __init__(self, random: Random, seeds: Seeds) -> None:
        super().__init__(random)
        self._seeds = seeds
        self._frame = b"{}"
        self._deep: Chain | None = None
        self._chains: list[Chain] = []

    def session(self, count: int) -> Iterator[bytes]:
        """Frames of one to six entities in their order."""
        homes = self._seeds.homes
        self._deep = None
        self._chains = [
            Chain(home, self._pick(home.states))
            for home in (self._pick(homes) for _ in range(self._below(6) + 1))
        ]
        for _ in range(count):
            frame = self._step()
            if len(frame) > LONGEST:
                self._chains = [Chain(c.home, c.state) for c in self._chains]
            # This byte stands between frames in a recorded session.
            self._frame = frame.replace(b"\xff", b"\xfe") if b"\xff" in frame else frame
            yield self._frame

    # frames

    def _step(self) -> bytes:
        if self._deep:
            chain, self._deep = self._deep, None
            frame = self._frame
            if self._random.random() < 0.5:
                frame = self._event(chain)
            return b"[" + frame + b"]"
        draw = self._random.random()
        if draw < 0.70:
            return self._event(self._pick(self._chains))
        if draw < 0.76:
            return self._broken_event(self._pick(self._chains))
        if draw < 0.82:
            return self.bytes(self._frame)
        if draw < 0.87:
            return self._frame
        if draw < 0.92:
            events = [
                self._event(self._pick(self._chains)) for _ in range(self._below(5))
            ]
            if self._random.random() < 0.3:
                events.append(self._any())
            return b"[" + self._pick((b",", b",", b", ", b",\n")).join(events) + b"]"
        if draw < 0.97:
            return self._any()
        if draw < 0.998:
            return self._stranger()
        return self._rare()

    def _event(self, chain: Chain) -> bytes:
        """The next event of an entity; mostly one value differs from the last."""
        home, pieces = chain.home, chain.pieces
        draw = self._random.random()
        if draw < 0.45:
            places = chain.state.inner or chain.state.scalars
            for _ in range(1 + (draw < 0.1) + (draw < 0.03)):
                pieces[self._pick(places)] = self._word()
        elif draw < 0.60:
            pieces[chain.state.named[b'"state"'][0]] = self._pick(words.STATES)
        elif draw < 0.72:
            self._tweak(chain)
        elif draw < 0.78:
            chain.state = self._pick(home.states)
            chain.pieces = pieces = list(chain.state.pieces)
        elif draw < 0.88:
            # Not gone on from: it may have made an event that is always refused.
            chain.pieces = list(pieces)
            self._pick(VALID_CHANGES)(self, pieces, chain.state)
        elif draw < 0.91:
            return self._variant(chain)
        elif draw < 0.95:
            return self._removal(chain)
        new = b"".join(pieces)
        around = list(home.envelope.pieces)
        around[home.new] = new
        draw = self._random.random()
        if draw < 0.8:
            around[home.old] = chain.last
        elif draw < 0.85:
            around[home.old] = new
        elif draw < 0.9:
            around[home.old] = b"null"
        elif draw < 0.95:
            around[home.old] = chain.last[:-1] + self._pick((b',"x":1}', b" }", b"}"))
        else:
            around[home.old] = self._word()
        draw = self._random.random()
        if draw < 0.03:
            around[home.stamp] = self._pick(words.STAMPS)
        elif draw < 0.5:
            around[home.stamp] = b'"2026-11-20T15:%02d:29.%06d+00:00"' % (
                int(draw * 100),
                self._below(1_000_000),
            )
        chain.last = new
        return b"".join(around)

    def _removal(self, chain: Chain) -> bytes:
        """The entity goes, as Home Assistant says it; its next event finds no old state."""
        around = list(chain.home.envelope.pieces)
        around[chain.home.old] = chain.last
        around[chain.home.new] = b"null"
        chain.last = b"null"
        return b"".join(around)

    def _variant(self, chain: Chain) -> bytes:
        """The envelope differs as well; the state is not gone on from."""
        around = list(chain.home.envelope.pieces)
        self._pick(VALID_CHANGES)(self, around, chain.home.envelope)
        state = list(chain.pieces)
        if self._random.random() < 0.5:
            self._pick(VALID_CHANGES)(self, state, chain.state)
        for place, text in ((chain.home.old, chain.last), (chain.home.new, state)):
            if around[place] == b"0":
                around[place] = text if isinstance(text, bytes) else b"".join(text)
        return b"".join(around)

    def _broken_event(self, chain: Chain) -> bytes:
        """An event that is most likely refused, whole or by itself."""
        state, around = list(chain.pieces), list(chain.home.envelope.pieces)
        around[chain.home.old] = chain.last
        around[chain.home.new] = b"".join(state)
        target, what = (
            (state, chain.state)
            if self._random.random() < 0.7
            else (around, chain.home.envelope)
        )
        self._pick(BROKEN_CHANGES)(self, target, what)
        if target is state:
            around[chain.home.new] = b"".join(state)
        return b"".join(around)

    def _any(self) -> bytes:
        """A frame of another kind, as it was or changed."""
        seed = self._pick(self._seeds.others)
        pieces = list(seed.pieces)
        for _ in range(self._below(3)):
            change = self._pick(
                VALID_CHANGES if self._random.random() < 0.8 else BROKEN_CHANGES
            )
            change(self, pieces, seed)
        return b"".join(pieces)

    def _stranger(self) -> bytes:
        """An event under another entity id, in one place or in both."""
        chain = self._pick(self._chains)
        name = self._pick(words.IDS)
        if self._random.random() < 0.5:
            name = b'"sensor.n%d"' % self._random.getrandbits(self._pick((2, 4, 8, 30)))
        frame = self._event(chain)
        return frame.replace(
            chain.home.entity_id, name, 1 if self._random.random() < 0.5 else -1
        )

    def _rare(self) -> bytes:
        """Depth and size at and above what is usual."""
        draw = self._below(4)
        if draw == 0:
            return self._pick(self._seeds.big)
        chain = self._pick(self._chains)
        state = list(chain.pieces)
        place = self._pick(chain.state.scalars)
        around = list(chain.home.envelope.pieces)
        if draw == 1:
            depth = 1_016 + self._below(6)
            opened, closed = self._pick(((b"[", b"]"), (b'{"a":', b"}")))
            state[place] = opened * depth + b"1" + closed * depth
        elif draw == 2:
            state[place] = (
                b'"'
                + self._pick((b"x", b"9", b"\\n", "é".encode())) * (self._below(40_000))
                + b'"'
            )
        else:
            count = self._pick((63, 64, 65, 255, 256, 257, 300))
            more = b",".join(b'"k%d":%d' % (i, i) for i in range(count))
            state[place] = state[place] + b"," + more
        around[chain.home.old] = chain.last
        around[chain.home.new] = new = b"".join(state)
        if draw == 1 and self._random.random() < 0.7:
            # One level less is left in a list: what was right may be too deep there.
            self._deep, chain.last = chain, new
        return b"".join(around)

    def _tweak(self, chain: Chain) -> None:
        """Another last digit, as a sensor does it."""
        place = self._pick(chain.state.scalars)
        text = chain.pieces[place]
        for at in range(len(text) - 1, -1, -1):
            if 48 <= text[at] <= 57:
                digit = b"%d" % self._below(10)
                chain.pieces[place] = text[:at] + digit + text[at + 1 :]
                return
        chain.pieces[place] = self._word()
