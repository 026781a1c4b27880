"""One execution: one frame for a pipeline that remembers, and who else judges it.

On every execution: orjson (is it JSON?), a pipeline that remembers nothing (same
verdict, lines, reasons) and the laws of the counters. On a share of them: a pipeline
made for this frame, and the Python reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import orjson

from hiq import Pipeline
from tests.fuzz.place import Exact, PageEnd
from tests.fuzz.sessions import Session
from tests.reference import ReferencePipeline

WHOLE = frozenset(("BAD_JSON", "BAD_UTF8", "TOO_DEEP", "TOO_LARGE"))
OTHER = (
    b'{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"zz.z",'
    b'"new_state":{"state":"1","attributes":{}}},'
    b'"time_fired":"2026-01-01T00:00:00+00:00"}}'
)


class Difference(AssertionError):
    """Two judges disagree; carries what each said."""

    def __init__(self, what: str, frame: bytes, one: Any, other: Any) -> None:
        super().__init__(f"{what}: {one!r} and {other!r} for {frame[:2000]!r}")
        self.what = what
        self.frame = frame


class Silent:
    """A pipeline that remembers nothing of the entities of the frames.

    It has room for one entity, and sees another one between any two frames.
    """

    def __init__(self, options: dict[str, Any], others: Sequence[str] = ()) -> None:
        self.pipeline = Pipeline({**options, "max_entities": 1})
        self.others = others
        self.pipeline.feed(OTHER)
        self._other = self.pipeline.take()
        self.rest()

    def feed(self, frame: bytes) -> tuple[Any, bytes, list[bytes]]:
        """Verdict, lines of the first schema, and of the others."""
        verdict = self.pipeline.feed(frame)
        lines, rest = self.pipeline.take(), self.rest()
        if self._other:
            self.pipeline.feed(OTHER)
            self.pipeline.take()
            self.rest()
        return verdict, lines, rest

    def rest(self) -> list[bytes]:
        """Lines of the schemas behind the first."""
        return rest_of(self.pipeline, self.others)


def rest_of(pipeline: Any, others: Sequence[str]) -> list[bytes]:
    """Take the lines of the schemas behind the first."""
    return [pipeline.take(schema) for schema in others]


counts = attrgetter(
    "events", "points", "filtered", "skipped", "rejected", "duplicates", "passed"
)
"""What a verdict says, whichever implementation made it."""


class Judge:
    """Judges sessions, and counts.

    Args:
        place: where inputs lie in memory.
        share: every so many frames the reference judges; 0: never.
    """

    def __init__(self, place: PageEnd | Exact, share: int = 200) -> None:
        self.count: Counter[str] = Counter()
        self._place = place
        self._share = share
        self._silent: dict[int, Silent] = {}
        self._references: dict[int, ReferencePipeline] = {}
        self._session: Session = Session(0, False, [])
        self._others: tuple[str, ...] = ()
        self._warm = Pipeline()
        self._turn = 0

    def begin(self, number: int, turn: int | None = None) -> None:
        """Begin a session with a new pipeline that remembers.

        `turn` decides who judges; None goes on from the last session.
        """
        if turn is not None:
            self._turn = turn
        self._session = Session(number, False, [])
        self._warm = Pipeline(self._session.options)
        self._others = self._session.others
        self._cold = self._silent.get(number) or self._silent.setdefault(
            number, Silent(self._session.options, self._others)
        )
        self.count["sessions"] += 1

    def frame(self, frame: bytes) -> None:
        """One execution. Raises Difference."""
        self._turn += 1
        turn = self._turn
        count = self.count
        count["executions"] += 1
        warm = self._warm
        kind = turn & 3
        placed: Any = frame
        if kind:
            place = self._place
            placed = place.at_end(frame) if kind > 1 else place.at_start(frame)
        verdict = warm.feed(placed)
        if turn % 5:
            lines = warm.take()
        else:
            lines = self._batch(frame, verdict)
        rest = rest_of(warm, self._others)
        other, expected, expected_rest = self._cold.feed(frame)
        said = counts(verdict)
        if said != counts(other):
            raise Difference("verdict", frame, verdict, other)
        if lines != expected and (turn % 5 or not regrouped(lines, expected)):
            raise Difference("lines", frame, lines, expected)
        if rest != expected_rest:
            raise Difference("lines of other schemas", frame, rest, expected_rest)
        self._laws(frame, verdict, said, lines)
        if self._share and turn % self._share == 0:
            self._reference(frame, said, lines, rest)
        if turn % 64 == 0:
            self._fresh(frame, said, lines, rest)

    def _laws(
        self, frame: bytes, verdict: Any, said: tuple[Any, ...], lines: bytes
    ) -> None:
        """Validity is orjson's, and each event is counted once."""
        events, points, filtered, skipped, rejected, duplicates, passed = said
        if lines.count(b"\n") != points:
            raise Difference("count of lines", frame, lines, verdict)
        try:
            orjson.loads(frame)
        except orjson.JSONDecodeError:
            newest = self._warm.rejects()[-1:]
            cold = self._cold.pipeline.rejects()[-1:]
            if (
                (rejected, events, passed) != (1, 0, [])
                or lines
                or newest[0][0] not in WHOLE
                or newest[0][1] != frame[:200]
                or cold[0] != newest[0]
            ):
                raise Difference("orjson refuses", frame, verdict, newest) from None
            self.count[newest[0][0]] += 1
            return
        self.count["valid"] += 1
        self.count["points"] += points
        if not rejected:
            if events != points + filtered + skipped + duplicates:
                raise Difference("counters", frame, verdict, lines)
            return
        newest = self._warm.rejects()[-rejected:]
        reasons = [reason for reason, _ in newest]
        if not WHOLE.isdisjoint(reasons):
            raise Difference("orjson accepts", frame, verdict, newest)
        foreign = reasons.count("NOT_AN_OBJECT")
        if rejected <= 64 and (
            events != points + filtered + skipped + duplicates + rejected - foreign
        ):
            raise Difference("counters", frame, verdict, newest)
        if newest != self._cold.pipeline.rejects()[-rejected:]:
            raise Difference("reasons", frame, newest, verdict)
        self.count.update(reasons)

    def _batch(self, frame: bytes, verdict: Any) -> bytes:
        """Take the lines grouped; their number and times must be right."""
        taken = self._warm.take_batch()
        lines = taken.data
        times = [int(line.rsplit(b" ", 1)[1]) for line in lines.splitlines()] or [0]
        if taken[1:] != (verdict.points, min(times), max(times)):
            raise Difference("batch", frame, taken, times)
        return bytes(lines)

    def _reference(
        self, frame: bytes, said: tuple[Any, ...], lines: bytes, rest: list[bytes]
    ) -> None:
        number = self._session.number
        reference = self._references.get(number) or self._references.setdefault(
            number, ReferencePipeline(self._session.options)
        )
        theirs = reference.feed(frame)
        if counts(theirs) != said:
            raise Difference("reference's verdict", frame, said, theirs)
        expected = reference.take()
        if lines != expected and not regrouped(lines, expected):
            raise Difference("reference's lines", frame, lines, expected)
        expected_rest = rest_of(reference, self._others)
        if rest != expected_rest:
            raise Difference("reference's other schemas", frame, rest, expected_rest)
        rejected = theirs.rejected
        if rejected and not same_reasons(
            self._warm.rejects()[-rejected:], reference.rejects()[-rejected:]
        ):
            raise Difference(
                "reference's reasons", frame, self._warm.rejects()[-rejected:],
                reference.rejects()[-rejected:],
            )  # fmt: skip
        self.count["reference"] += 1

    def _fresh(
        self, frame: bytes, said: tuple[Any, ...], lines: bytes, rest: list[bytes]
    ) -> None:
        fresh = Pipeline(self._session.options)
        verdict = fresh.feed(frame)
        expected = fresh.take()
        if counts(verdict) != said:
            raise Difference("fresh verdict", frame, said, verdict)
        if lines != expected and not regrouped(lines, expected):
            raise Difference("fresh lines", frame, lines, expected)
        expected_rest = rest_of(fresh, self._others)
        if rest != expected_rest:
            raise Difference("fresh other schemas", frame, rest, expected_rest)
        self.count["fresh"] += 1


def same_reasons(ours: list[Any], theirs: list[Any]) -> bool:
    """Reasons are the reference's, which has one word for what is too deep."""
    for (reason, sample), (expected, other) in zip(ours, theirs, strict=True):
        if sample != other:
            return False
        if reason != expected and (reason, expected) != ("TOO_DEEP", "BAD_JSON"):
            return False
    return True


def regrouped(lines: bytes, expected: bytes) -> bool:
    """The same lines, those of one series together and in their order."""

    def series(line: bytes) -> bytes:
        end = -1
        while True:
            end = line.index(b" ", end + 1)
            if line[end - 1] != 92:  # not an escaped space
                return line[:end]

    ours, theirs = lines.splitlines(True), expected.splitlines(True)
    groups: dict[bytes, list[bytes]] = {}
    for line in theirs:
        groups.setdefault(series(line), []).append(line)
    seen: list[bytes] = []
    for line in ours:
        name = series(line)
        if name in seen and seen[-1] != name:
            return False
        if name not in seen:
            seen.append(name)
    by_series = [line for name in seen for line in groups.get(name, [])]
    return ours == by_series and len(ours) == len(theirs)
