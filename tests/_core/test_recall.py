"""Messages that are recognised give what the same messages give when they are read."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from hiq import Pipeline
from tests._core.helpers import agree
from tests.events import frame, state_changed

TIMES = [f"2026-11-20T15:09:{second}.798309+00:00" for second in range(10, 60)]
ATTRIBUTES = {"friendly_name": "Küche", "battery": 5, "color": [1, 2.5], "unit": "%"}


def history(*states: Any, **members: Any) -> list[bytes]:
    """Frames of one entity; a state is its text, or (text, attributes), None: removed."""
    frames: list[bytes] = []
    old = None
    for time, given in zip(TIMES, states, strict=False):
        text, attributes = given if isinstance(given, tuple) else (given, ATTRIBUTES)
        message = state_changed("sensor.x", text, attributes, time, old_state=old)
        new = message["event"]["data"]["new_state"] | members
        message["event"]["data"]["new_state"] = new if given is not None else None
        frames.append(frame(message))
        old = new if given is not None else None
    return frames


@pytest.mark.parametrize("byte", b'"\\\x1f,}0 \x7f\xc3')
def test_any_other_byte_anywhere(byte: int) -> None:
    """A message that differs in one byte is judged as if nothing were remembered."""
    first, second, third, fourth = history(
        "5", "6", ("7", ATTRIBUTES | {"battery": 61}), "8"
    )
    for at in range(byte % 3, len(third), 3):
        changed = third[:at] + bytes([byte]) + third[at + 1 :]
        agree([first, second, changed, fourth])


@pytest.mark.parametrize(
    "states",
    [
        ["5", None, "6", "7", None, "8"],
        ["5", "unavailable", "6", "unknown", "unavailable", "7", "8"],
        ["on", "", "off", "on", None, None, "off"],
        ["5", ("unavailable", {"friendly_name": "Küche"}), "6", "7"],
        ["a" * length for length in (1, 14, 15, 16, 17, 31, 32, 33, 255, 1)],
        ["é", "\n", '"', "\\", "x", "", "x"],
        ["1", ("2", {}), ("3", {}), ("4", {"a": 1}), ("5", {"a": 2}), ("6", {})],
        [
            ("1", {"a": "x", "b": 1}),
            ("1", {"a": "xy", "b": 12}),
            ("1", {"a": "", "b": 1}),
        ],
        [("1", {"a": 1, "b": 2}), ("1", {"b": 2, "a": 1}), ("1", {"a": 1, "c": 2})],
    ],
)
def test_removed_unavailable_and_changed_states(states: list[Any]) -> None:
    """Whatever an entity goes through, its points are those of the reference."""
    assert agree(history(*states)).count(b"\n") > 1


def test_members_behind_the_attributes() -> None:
    """What follows is not taken for granted: a key there may be one that counts."""
    plain = history("5", "6", "7", "8", "9", later="abcde", other="fghij")
    for key in ("state", "attributes", "other"):
        twisted = plain[3].replace(b'"later"', f'"{key}"'.encode())
        same_length = plain[3].replace(b'"other"', b'"state"')
        agree([*plain[:3], twisted, same_length, plain[4]])


def test_ends_with_other_ids_and_users() -> None:
    """Several kinds of ends are met by turns, each with its time stamp."""
    frames = history(*"123456789")
    user = b'"user_id":"6699f4f7078e47cda11046414663048e"'
    mixed = [
        text.replace(b'"user_id":null', user) if number % 3 else text
        for number, text in enumerate(frames)
    ]
    lines = agree(mixed).splitlines()
    assert len({line.rpartition(b" ")[2] for line in lines}) == len(frames)


def test_time_fired_twice_and_before_the_data() -> None:
    """The last `time_fired` counts, wherever it stands."""
    frames = history("5", "6", "7", "8")
    stamp = b'"time_fired":"2026-11-20T15:09:12.798309+00:00"'
    other = b'"time_fired":"2025-01-01T00:00:00.000001+00:00"'
    assert stamp in frames[2]
    twice = frames[2].replace(stamp, other + b"," + stamp)
    before = frames[2].replace(b'"data":{', other + b',"data":{', 1)
    agree([*frames[:2], twice, frames[3]])
    agree([*frames[:2], before, frames[3]])
    agree([twice, *frames, twice, before, *frames])


def test_a_refused_frame_changes_nothing() -> None:
    """An event of a frame that ends badly is not the last one of its entity."""
    first, second, third, fourth = history("5", "6", "7", "8")
    agree([first, b"[" + second + b"," + third + b",", second, third, fourth])
    agree([first, b"[" + second + b"," + third + b"]x", second, third, fourth])


def test_deep_values_count_for_the_depth() -> None:
    """A state that was valid on its own level is not taken on a deeper one."""
    nested = b"[" * 1_018 + b"]" * 1_018
    plain = history(*(("5", {"a": "@"}),) * 3)
    frames = [text.replace(b'"@"', nested) for text in plain]
    core = Pipeline()
    core.feed(frames[0])
    for text in (frames[1], b"[" + frames[1] + b"]", b"[[" + frames[1] + b"]]"):
        fresh = Pipeline().feed(text)
        known = core.feed(text)
        assert (known.events, known.rejected) == (fresh.events, fresh.rejected)


def test_a_state_that_outgrows_what_is_remembered() -> None:
    """One that is too long to be remembered is written, and so is what follows it."""
    texts = [
        ("on", {"a": "x" * size, "b": size, "c": [size]})
        for size in (5, 32_400, 32_500, 32_900, 66_000, 70, 32_400, 70, 7)
    ]
    assert agree(history(*texts)).count(b"\n") == len(texts)


def test_values_that_grow_and_shrink() -> None:
    """Whatever lies behind a value that changed its length is found where it is now."""
    random = Random(9)
    values = ("", "y", "long" * 9, 1, 123456, -0.5, None, True, [1, 2], {"k": "v"}, "é")
    attributes = {f"a{number}": values[number % len(values)] for number in range(30)}
    states = []
    for number in range(50):
        for _ in range(number % 4):
            attributes = attributes | {
                f"a{random.randrange(30)}": random.choice(values)
            }
        states.append((random.choice(("5", "on", "on", "off")), attributes))
    assert agree(history(*states)).count(b"\n") == len(states)


def test_what_is_filtered_is_recognised_and_never_written() -> None:
    """Whenever the filter changes, lines are those of a pipeline that knew no state."""
    states = [
        (random_state, ATTRIBUTES | {"battery": battery})
        for battery, random_state in enumerate(
            ("5", "on", "on", "6", "", "7", "8", "on")
        )
    ]
    frames = history(*states, ("on", {}), None, "5", "5", None, "6")
    unwanted = {"exclude": {"entities": ["sensor.x"]}}
    for pattern in (1, 6, 21, 42, 47, 56, 60, 63):
        core = Pipeline()
        for number, given in enumerate(frames):
            filtered = bool(pattern >> number % 6 & 1)
            core.set_filter(unwanted if filtered else {})
            verdict = core.feed(given)
            if filtered:
                assert (verdict.filtered, core.take()) == (1, b"")
            else:
                fresh = Pipeline()
                assert verdict == fresh.feed(given)
                assert core.take() == fresh.take()


def test_filtered_entities_are_forgotten_like_others() -> None:
    """What is remembered of them has the same bound."""
    core = Pipeline({"exclude": {"domains": ["sensor"]}, "max_remembered_bytes": 4096})
    frames = history(*"12345678")
    for number in range(50):
        for given in frames:
            core.feed(given.replace(b"sensor.x", b"sensor.n%d" % number))
    assert core.forgotten_states > 30
