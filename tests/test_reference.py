"""The reference converter: frames, filter, well-known attributes, buffer.

What holds for one state stands in `test_points`; here is the rest of the API. Every
test runs on the compiled pipeline too: the oracle is only worth its agreement.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.events import TIME, TIME_NS, frame, state_changed
from tests.lineprotocol import decode, decode_one


def counts(verdict: Any) -> tuple[int, int, int, int, int, int]:
    """Events, points, filtered, skipped, rejected, number passed."""
    return (
        verdict.events,
        verdict.points,
        verdict.filtered,
        verdict.skipped,
        verdict.rejected,
        len(verdict.passed),
    )


BAD_FRAMES = [
    b"",
    b" ",
    b"nonsense",
    b"{",
    b"{}{}",
    b'{"a":NaN}',
    b'{"a":1e999}',
    b'{"a":01}',
    b'{"a":"\\ud800"}',
    b'{"a":"\x01"}',
    b'{"a":"\xff"}',
    b'{"a":"\xed\xa0\x80"}',
    b"\xef\xbb\xbf{}",
    b'[{"type":"event"},]',
    b'{"a":1,}',
]


@pytest.mark.parametrize("bad", BAD_FRAMES)
def test_invalid_json_rejects_the_frame(implementation: Any, bad: bytes) -> None:
    """One reject, no event, nothing passed, and the sample says what it was."""
    pipeline = implementation()
    assert counts(pipeline.feed(bad)) == (0, 0, 0, 0, 1, 0)
    reason = "BAD_UTF8" if b"\xff" in bad or b"\xed" in bad else "BAD_JSON"
    assert pipeline.rejects() == [(reason, bad)]
    assert pipeline.take() == b""


def test_an_array_is_judged_message_by_message(implementation: Any) -> None:
    """Neighbours of a bad event go through; other messages are passed as they are."""
    other = b'{"id": 1,\n "type":"result"}'
    good = frame(state_changed())
    bad = frame(state_changed(time="yesterday"))
    pipeline = implementation()
    verdict = pipeline.feed(b" [" + b" , ".join([other, good, bad, good]) + b"]\r\n")
    assert counts(verdict) == (3, 2, 0, 0, 1, 1)
    assert verdict.passed == [other]
    assert [p.time_ns for p in decode(pipeline.take())] == [TIME_NS, TIME_NS]
    assert pipeline.rejects() == [("BAD_TIME", bad[:200])]


PASSED: list[Any] = [
    {},
    {"type": "auth_ok"},
    {"type": "event"},
    {"type": "event", "event": None},
    {"type": "event", "event": {"a": {}}},
    {"type": "event", "event": {"event_type": "call_service", "data": {}}},
    {"type": "pong", "event": {"event_type": "state_changed"}},
]


@pytest.mark.parametrize("message", PASSED)
def test_what_is_no_state_event_is_passed(implementation: Any, message: Any) -> None:
    """The message comes back with its bytes, counted nowhere else."""
    verdict = implementation().feed(frame(message))
    assert counts(verdict) == (0, 0, 0, 0, 0, 1)
    assert verdict.passed == [frame(message)]


REJECTED: list[tuple[dict[str, Any], str]] = [
    ({"entity_id": None}, "BAD_ENTITY_ID"),
    ({"entity_id": 5}, "BAD_ENTITY_ID"),
    ({"entity_id": "nodot"}, "BAD_ENTITY_ID"),
    ({"entity_id": ".x"}, "BAD_ENTITY_ID"),
    ({"entity_id": "x."}, "BAD_ENTITY_ID"),
    ({"new_state": 5}, "NO_NEW_STATE"),
    ({"new_state": []}, "NO_NEW_STATE"),
    ({"state": 5}, "BAD_DATA"),
    ({"state": None}, "BAD_DATA"),
    ({"attributes": []}, "BAD_DATA"),
    ({"time": None}, "BAD_TIME"),
    ({"time": 1795187369.5}, "BAD_TIME"),
    ({"time": "2026-11-20T15:09:29"}, "BAD_TIME"),
    ({"time": "2026-02-29T15:09:29+00:00"}, "BAD_TIME"),
    ({"time": "2026-11-20T25:09:29+00:00"}, "BAD_TIME"),
    ({"time": "2026-11-20 15:09:29+00:00"}, "BAD_TIME"),
    ({"time": ""}, "BAD_TIME"),
]


@pytest.mark.parametrize(("event", "reason"), REJECTED)
def test_a_bad_event_is_counted_with_its_reason(
    implementation: Any, event: dict[str, Any], reason: str
) -> None:
    """It gives no point and a sample of its first bytes."""
    pipeline = implementation()
    message = frame(state_changed(**event))
    assert counts(pipeline.feed(message)) == (1, 0, 0, 0, 1, 0)
    assert pipeline.rejects() == [(reason, message[:200])]


def test_missing_parts_are_rejected(implementation: Any) -> None:
    """Each part of the event that a point needs must be there."""
    found = []
    for path in (
        ["data"],
        ["data", "entity_id"],
        ["data", "new_state"],
        ["time_fired"],
    ):
        message = state_changed()
        inner: Any = message["event"]
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]
        pipeline = implementation()
        assert counts(pipeline.feed(frame(message))) == (1, 0, 0, 0, 1, 0)
        found.append(pipeline.rejects()[0][0])
    assert found == ["BAD_DATA", "BAD_ENTITY_ID", "NO_NEW_STATE", "BAD_TIME"]


def test_elements_that_are_no_objects_are_rejected(implementation: Any) -> None:
    """A number among the messages is refused; its neighbours are judged alone."""
    pipeline = implementation()
    verdict = pipeline.feed(b"[5, %s]" % frame(state_changed()))
    assert counts(verdict) == (1, 1, 0, 0, 1, 0)
    assert pipeline.rejects() == [("NOT_AN_OBJECT", b"5")]
    assert counts(implementation().feed(b"5")) == (0, 0, 0, 0, 1, 0)


def test_rejects_are_bounded_and_newest_last(implementation: Any) -> None:
    """Any number of bad events keeps only the newest few."""
    pipeline = implementation()
    for number in range(1000):
        pipeline.feed(b"bad %d" % number)
    kept = pipeline.rejects()
    assert 10 <= len(kept) <= 256
    assert kept[-1] == ("BAD_JSON", b"bad 999")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_frames_may_be_any_buffer(implementation: Any, kind: Any) -> None:
    """Bytes-like objects are taken, text is a TypeError."""
    pipeline = implementation()
    assert pipeline.feed(kind(frame(state_changed()))).points == 1
    with pytest.raises(TypeError):
        pipeline.feed("text")


def test_removed_entities_are_skipped(implementation: Any) -> None:
    """A removal is an event without a point."""
    verdict = implementation().feed(frame(state_changed(new_state=None)))
    assert counts(verdict) == (1, 0, 0, 1, 0, 0)


SIDES = {
    1: ({}, {}),
    2: ({"entities": ["a.in"], "domains": ["b"], "entity_globs": ["c.x*"]}, {}),
    3: ({}, {"entities": "a.out", "domains": "b", "entity_globs": "c.x*"}),
    4: (
        {"entities": ["a.in"], "domains": ["b", "c"], "entity_globs": ["*.glob"]},
        {"entities": ["b.out"], "domains": ["c"], "entity_globs": ["*.x[0-9]"]},
    ),
    5: (
        {"entities": ["b.in"]},
        {"entities": ["a.out"], "domains": ["b"], "entity_globs": ["c.x*"]},
    ),
    6: ({"entities": ["a.in"]}, {"entities": ["b.x1"]}),
}
ACCEPTED = {
    1: "a.in a.out a.glob b.in b.out b.glob b.x1 c.in c.glob c.x1",
    2: "a.in b.in b.out b.glob b.x1 c.x1",
    3: "a.in a.glob c.in c.glob",
    4: "a.in a.glob b.in b.glob c.in c.glob",
    5: "a.in a.glob b.in c.in c.glob",
    6: "a.in",
}
ENTITIES = ACCEPTED[1].split()


@pytest.mark.parametrize("case", SIDES)
def test_filter_case(implementation: Any, case: int) -> None:
    """Which entities pass depends on which of the lists are empty."""
    include, exclude = SIDES[case]
    pipeline = implementation({"include": include, "exclude": exclude})
    verdict = pipeline.feed(frame([state_changed(entity) for entity in ENTITIES]))
    expected = ACCEPTED[case].split()
    assert [p.measurement for p in decode(pipeline.take())] == expected
    assert verdict.filtered == len(ENTITIES) - len(expected)


WELL_KNOWN: list[tuple[str, dict[str, Any], str, str]] = [
    ("light.x", {"rgb_color": [255, 209, 173]}, "rgb_color", "(255, 209, 173)"),
    ("light.x", {"hs_color": [26.752, 31.945]}, "hs_color", "(26.752, 31.945)"),
    ("light.x", {"rgb_color": [255]}, "rgb_color", "[255]"),
    ("light.x", {"rgb_color": [True, 1]}, "rgb_color", "[True, 1]"),
    ("switch.x", {"rgb_color": [255, 2, 3]}, "rgb_color", "[255, 2, 3]"),
    ("group.x", {"entity_id": ["light.a"]}, "entity_id", "('light.a',)"),
    ("group.x", {"entity_id": []}, "entity_id", "()"),
    ("group.x", {"entity_id": ["light.a", 1]}, "entity_id", "['light.a', 1]"),
    ("light.x", {"entity_id": ["light.a"]}, "entity_id", "['light.a']"),
    ("media_player.x", {"media_position_updated_at": TIME}, "media_position_updated_at", TIME.replace("T", " ")),
    ("automation.x", {"last_triggered": TIME}, "last_triggered", TIME.replace("T", " ")),
    ("script.x", {"last_triggered": "T"}, "last_triggered", "T"),
    ("sensor.x", {"last_triggered": TIME}, "last_triggered", TIME),
    ("light.x", {"supported_color_modes": ["onoff"]}, "supported_color_modes", "[<ColorMode.ONOFF: 'onoff'>]"),
    ("light.x", {"supported_color_modes": ["hs"]}, "supported_color_modes", "['hs']"),
    ("light.x", {"supported_color_modes": ["hs", "xy"], "xy_color": None}, "supported_color_modes", "[<ColorMode.HS: 'hs'>, <ColorMode.XY: 'xy'>]"),
    ("light.x", {"supported_color_modes": ["no", "hs"], "xy_color": 1}, "supported_color_modes", "['no', 'hs']"),
    ("climate.x", {"hvac_modes": ["off"], "min_temp": 7, "max_temp": 35}, "hvac_modes", "[<HVACMode.OFF: 'off'>]"),
    ("climate.x", {"hvac_modes": ["off"], "min_temp": 7}, "hvac_modes", "['off']"),
]  # fmt: skip


@pytest.mark.parametrize(("entity", "attributes", "key", "text"), WELL_KNOWN)
def test_well_known_row(
    implementation: Any, entity: str, attributes: dict[str, Any], key: str, text: str
) -> None:
    """The text of Home Assistant's process is restored where the shape is right."""
    event = frame(state_changed(entity, attributes=attributes))
    pipeline = implementation()
    pipeline.feed(event)
    restored = decode_one(pipeline.take()).fields
    assert restored[f"{key}_str"] == text

    plain = implementation({"restore_python_text": False})
    plain.feed(event)
    fields = decode_one(plain.take()).fields
    assert fields[f"{key}_str"] == str(attributes[key])
    assert fields.get(key) == restored.get(key)  # never a number changed


def test_enum_rows_are_off_for_mqtt(implementation: Any) -> None:
    """The registry's platform `mqtt` leaves lists of modes plain, until removed."""
    event = frame(
        state_changed("light.x", attributes={"supported_color_modes": ["onoff"]})
    )
    pipeline = implementation()
    texts = []
    for tags in ({"platform": "mqtt"}, {"platform": "hue"}, {"platform": "mqtt"}, None):
        pipeline.set_tags("light.x", tags)
        pipeline.feed(event)
        texts.append(decode_one(pipeline.take()).fields["supported_color_modes_str"])
    enum = "[<ColorMode.ONOFF: 'onoff'>]"
    assert texts == ["['onoff']", enum, "['onoff']", enum]


def test_snapshot_states_seen_already_are_duplicates(implementation: Any) -> None:
    """In a snapshot a known time gives no second point; live events always do."""
    pipeline = implementation()
    event = frame(state_changed())
    first = pipeline.feed(event, snapshot=True)
    again = pipeline.feed(event, snapshot=True)
    live = pipeline.feed(event)
    later = pipeline.feed(frame(state_changed(time=TIME.replace("29.", "30."))), True)
    assert [(v.points, v.duplicates) for v in (first, again, live, later)] == [
        (1, 0),
        (0, 1),
        (1, 0),
        (1, 0),
    ]


def test_a_batch_is_grouped_by_series(implementation: Any) -> None:
    """Lines of one series stand together in order of arrival; stamps are the span."""
    pipeline = implementation()
    for second in (3, 1, 2):
        for entity in ("sensor.a", "sensor.b"):
            time = f"2026-11-20T15:09:0{second}+00:00"
            pipeline.feed(frame(state_changed(entity, time=time)))
    assert pipeline.buffered_points == 6
    before = pipeline.buffered_bytes
    taken = pipeline.take_batch()
    assert (len(taken.data), taken.points) == (before, 6)
    points = decode(taken.data)
    assert [p.measurement[-1] for p in points] in (list("aaabbb"), list("bbbaaa"))
    order = [p.time_ns // 10**9 % 10 for p in points]
    base = taken.first_ns // 10**9 % 10
    assert order[:3] == order[3:] == [base + 2, base, base + 1]
    assert taken.last_ns - taken.first_ns == 2 * 10**9
    assert pipeline.take_batch() == (b"", 0, 0, 0)
    assert (pipeline.buffered_points, pipeline.buffered_bytes) == (0, 0)


def test_full_is_said_and_nothing_is_lost(implementation: Any) -> None:
    """Above the mark `full` is true until the lines are taken."""
    pipeline = implementation({"high_water": 200})
    verdicts = [pipeline.feed(frame(state_changed())).full for _ in range(6)]
    assert (verdicts[0], verdicts[-1]) == (False, True)
    assert len(decode(pipeline.take())) == 6
    assert not pipeline.feed(frame(state_changed())).full


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"schema": "nonsense"}, "schema"),
        ({"measurement_attr": "nonsense"}, "measurement_attr"),
        ({"precision": "h"}, "precision"),
    ],
)
def test_bad_options_name_their_key(
    implementation: Any, options: Any, key: str
) -> None:
    """What cannot be used is refused at the start."""
    with pytest.raises(ValueError, match=key):
        implementation(options)
