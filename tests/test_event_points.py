"""Events other than state changes as points."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hiq.event_points import UnfitEvent, read_event
from hiq.sink.decode import decode, decode_series

FIRED = "2026-11-20T15:09:29.798309+00:00"
FIRED_NS = 1795187369798309000


def message(event_type: Any = "call_service", data: Any = None, **more: Any) -> bytes:
    """One message of a subscription."""
    event = {
        "event_type": event_type,
        "data": {"domain": "light", "service": "turn_on"} if data is None else data,
        "origin": "LOCAL",
        "time_fired": FIRED,
        "context": {"id": "c1", "parent_id": "c0", "user_id": None},
    }
    return json.dumps({"id": 7, "type": "event", "event": event | more}).encode()


def test_an_event_is_one_point() -> None:
    """What it is about are tags; data and context are fields; None is left out."""
    data = {
        "domain": "light",
        "service": "turn_on",
        "entity_id": "light.hall",
        "service_data": {"text": 'a "b"\nc'},
    }
    event = read_event(message(data=data))
    [(series, time_ns, found)] = decode(event.line(event.time_ns, 1000).encode())
    assert time_ns == FIRED_NS
    measurement, tags = decode_series(series)
    assert measurement == "ha_events"
    assert tags == {
        "event_type": "call_service",
        "domain": "light",
        "service": "turn_on",
        "entity": "light.hall",
    }
    fields = dict(found)
    assert json.loads(str(fields.pop("data"))) == data
    size = fields.pop("data_bytes")
    assert fields == {"origin": "LOCAL", "context_id": "c1", "context_parent_id": "c0"}
    assert size == len(event.data)


def test_data_beyond_the_size_is_left_out() -> None:
    """Its size is told; half a document would be of no use."""
    event = read_event(message("mine", {"blob": "x" * 100}))
    [(_, _, found)] = decode(event.line(1, 100).encode())
    fields = dict(found)
    assert "data" not in fields
    assert fields["data_bytes"] == len(event.data)


def test_an_unknown_type_needs_only_the_envelope() -> None:
    """Its data is its own affair; what is no text is no tag."""
    event = read_event(message("mine", {"entity_id": ["a", "b"], "domain": ""}))
    assert (event.event_type, event.about) == ("mine", {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{}", "missing"),
        (message(""), "event_type is missing"),
        (message(None), "event_type"),
        (message(data=[]), "data is no object"),
        (message(data={"domain": "light"}), "data.service"),
        (message(data={"service": "on"}), "data.domain"),
        (message(time_fired="yesterday"), "time_fired is no time"),
        (message(time_fired="2026-11-20T15:09:29"), "has no zone"),
    ],
)
def test_what_is_against_the_rules_is_refused(text: bytes, reason: str) -> None:
    """The reason names the member."""
    with pytest.raises(UnfitEvent, match=reason):
        read_event(text)
