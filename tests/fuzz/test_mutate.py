"""The mutator's frames are what a campaign needs, and the same for a seed."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from hiq import Pipeline
from tests.fuzz.libfuzzer import Fuzzer
from tests.fuzz.mutate import Mutator
from tests.fuzz.seeds import Seeds, cut, load
from tests.fuzz.sessions import BETWEEN, CONFIGURATIONS, Session, from_bytes


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    """Few of the recorded frames."""
    return load(Random(0), share=40)


def is_json(frame: bytes) -> bool:
    """The verdict of orjson."""
    try:
        orjson.loads(frame)
    except orjson.JSONDecodeError:
        return False
    return True


def test_the_same_numbers_make_the_same_frames(seeds: Seeds) -> None:
    """A session can be made again from its seed."""
    one, other = (
        [f for _ in range(5) for f in Mutator(Random(7), seeds).session(50)]
        for _ in range(2)
    )
    assert one == other
    assert len(set(one)) > 40


def test_most_frames_are_valid_and_all_reasons_occur(seeds: Seeds) -> None:
    """Four of five are valid and go on from the entity's last state."""
    mutator = Mutator(Random(1), seeds)
    frames = [frame for _ in range(60) for frame in mutator.session(100)]
    assert not any(BETWEEN in frame for frame in frames)
    valid = sum(map(is_json, frames))
    assert 0.75 < valid / len(frames) < 0.95
    pipeline, points, reasons = Pipeline(), 0, set()
    for frame in frames:
        points += pipeline.feed(frame).points
        reasons |= {reason for reason, _ in pipeline.rejects()[-3:]}
    assert points > 0.6 * len(frames)
    assert reasons >= {
        *("BAD_JSON", "BAD_UTF8", "BAD_TIME", "BAD_DATA", "BAD_ENTITY_ID"),
        *("NOT_AN_OBJECT", "NOT_ENCODABLE"),
    }


def test_cutting_loses_nothing() -> None:
    """Pieces joined are the text; keys, values and members are where they are."""
    text = b'{"a":[1,{"b":"\\"x,"}],"c":null,"d":{}}'
    made = cut(text)
    assert b"".join(made.pieces) == text
    assert [made.pieces[place] for place in made.scalars] == [b"1", b'"\\"x,"', b"null"]
    assert [b"".join(made.pieces[a:b]) for a, b in made.members] == [
        *(b'"b":"\\"x,"', b'"a":[1,{"b":"\\"x,"}]', b'"c":null', b'"d":{}'),
    ]


def test_changed_sessions_are_sessions(seeds: Seeds, tmp_path: object) -> None:
    """What libFuzzer's grammar makes of a session has frames and a configuration."""
    fuzzer = Fuzzer(tmp_path / "counts")  # type: ignore[operator]
    frames = list(Mutator(Random(2), seeds).session(3))
    different = 0
    for seed in range(300):
        changed = fuzzer.changed(Session(0, False, frames), seed)
        assert 0 <= changed.number < len(CONFIGURATIONS)
        assert changed.frames
        different += changed.frames != frames
    assert different > 200
    assert fuzzer.changed(from_bytes(b"\x01not json"), 1).frames
