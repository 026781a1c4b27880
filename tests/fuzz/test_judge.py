"""The judge finds what is wrong: a pipeline that lies is caught, whatever the lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hiq import Pipeline
from tests.events import frame, state_changed
from tests.fuzz import judge as judging
from tests.fuzz import thorough
from tests.fuzz.judge import Difference, Judge, regrouped
from tests.fuzz.place import PageEnd
from tests.fuzz.sessions import Session, from_bytes, to_bytes
from tests.reference import ReferencePipeline

EVENTS = [frame(state_changed(state=str(n), attributes={"a": n})) for n in range(200)]
BAD = b'{"type":"event",}'


class Lying(ReferencePipeline):
    """The reference, except where a test has it lie."""

    def __init__(self, options: Any = None) -> None:
        options = dict(options or {})
        # Only the pipeline that the judge calls warm lies.
        self.honest = options.pop("max_entities", None) == 1
        super().__init__(options)


def judged(frames: list[bytes], **options: Any) -> Judge:
    """Judge frames as one session of the first configuration."""
    judge = Judge(PageEnd(), **options)
    judge.begin(0)
    for given in frames:
        judge.frame(given)
    return judge


def test_counts_what_it_did() -> None:
    """Every frame is one execution; shares are as asked for."""
    judge = judged([*EVENTS, BAD], share=10)
    assert judge.count == {
        "sessions": 1,
        "executions": 201,
        "valid": 200,
        "points": 200,
        "BAD_JSON": 1,
        "reference": 20,
        "fresh": 3,
    }


def no_last_line(self: Any, schema: Any = None) -> bytes:
    lines: bytes = ReferencePipeline.take(self, schema)
    return lines if self.honest else b"".join(lines.splitlines(True)[:-1])


def other_value(self: Any, schema: Any = None) -> bytes:
    lines: bytes = ReferencePipeline.take(self, schema)
    return lines if self.honest else lines.replace(b"a=7.0", b"a=8.0")


def accept_all(self: Any, given: Any, snapshot: bool = False) -> Any:
    given = bytes(given)
    return ReferencePipeline.feed(self, b"{}" if given == BAD else given)


def refuse_one(self: Any, given: Any, snapshot: bool = False) -> Any:
    given = bytes(given)
    return ReferencePipeline.feed(self, b"{" if given == EVENTS[9] else given)


def miscount(self: Any, given: Any, snapshot: bool = False) -> Any:
    verdict = ReferencePipeline.feed(self, bytes(given))
    verdict.filtered += 1
    return verdict


LIES: list[tuple[str, Callable[..., Any], str]] = [
    ("take", no_last_line, "lines"),
    ("take", other_value, "lines"),
    ("feed", accept_all, "orjson refuses"),
    ("feed", refuse_one, "orjson accepts"),
    ("feed", miscount, "counters"),
]


@pytest.mark.parametrize(("method", "lie", "what"), LIES)
def test_finds_a_lie(
    monkeypatch: pytest.MonkeyPatch, method: str, lie: Callable[..., Any], what: str
) -> None:
    """Wrong lines, verdicts on validity and counters are differences."""
    monkeypatch.setattr(judging, "Pipeline", type("Liar", (Lying,), {method: lie}))
    with pytest.raises(Difference, match=what):
        judged([*EVENTS[:20], BAD])


def test_finds_what_remembering_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline that gives an entity's last line again is caught at once."""

    class Stale(Lying):
        def take(self, schema: Any = None) -> bytes:
            lines = super().take(schema)
            if not self.honest:
                lines, self.last = getattr(self, "last", lines), lines
            return lines

    monkeypatch.setattr(judging, "Pipeline", Stale)
    with pytest.raises(Difference, match="lines"):
        judged(EVENTS[:3])


def test_the_reference_finds_what_all_of_the_core_gets_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What warm and cold pipelines do alike is still compared with the reference."""

    class Wrong(Lying):
        def take(self, schema: Any = None) -> bytes:
            return super().take(schema).replace(b"a=", b"b=")

        def take_batch(self, schema: Any = None) -> Any:
            taken = super().take_batch(schema)
            return taken._replace(data=taken.data.replace(b"a=", b"b="))

    monkeypatch.setattr(judging, "Pipeline", Wrong)
    with pytest.raises(Difference, match="reference"):
        judged(EVENTS, share=50)


def test_thorough_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots are compared with the reference frame by frame."""
    session = Session(0, True, [event for event in EVENTS[:20] for _ in range(3)])
    assert thorough.check(session) == 60

    class Blind(ReferencePipeline):
        def feed(self, frame: Any, snapshot: bool = False) -> Any:
            return super().feed(frame)

    monkeypatch.setattr(thorough, "Pipeline", Blind)
    with pytest.raises(Difference, match="verdict"):
        thorough.check(session)


def test_regrouped_lines() -> None:
    """Lines may be grouped by series; what is lost, doubled or mixed is found."""
    a1, a2, b1 = b"a\\ a,x=1 v=1 1\n", b"a\\ a,x=1 v=2 2\n", b"b v=1 1\n"
    assert regrouped(a1 + a2 + b1, a1 + b1 + a2)
    assert regrouped(b1 + a1 + a2, a1 + b1 + a2)
    assert not regrouped(a1 + b1 + a2, a1 + b1 + a2)
    assert not regrouped(a2 + a1 + b1, a1 + b1 + a2)
    assert not regrouped(a1 + a2, a1 + b1 + a2)
    assert not regrouped(a1 + a2 + b1 + b1, a1 + b1 + a2)


def test_a_session_is_bytes() -> None:
    """A session comes back from its bytes, and any bytes are a session."""
    session = Session(3, True, [b"{}", b"", b"\xfe\n"])
    assert from_bytes(to_bytes(session)) == session
    assert from_bytes(b"") == Session(0, False, [b""])
    assert isinstance(Pipeline(from_bytes(b"\xff\xff").options), Pipeline)
