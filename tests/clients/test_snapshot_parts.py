"""Snapshots of the document and of last states: their parts, their place, their turn."""

from __future__ import annotations

import json
from typing import Any

from tests.clients.talk import Home, messages


def test_a_large_snapshot_comes_in_parts() -> None:
    """No frame is larger than 512 KiB, and the parts are the whole."""
    home = Home()
    one = home.tab()
    one.say("subscribe")
    big = "x" * 100_000
    for number in range(12):
        data = {"data": {"new_state": {"state": "1", "attributes": {"x": big}}}}
        home.hub.observe(
            [(number + 9, f"a.b{number}", 0, json.dumps(data).encode())], 0.0
        )
    two = home.tab()
    two.it.receive('{"type":"subscribe"}', 20)
    parts: list[Any] = []
    while data := two.it.data_to_send(1):
        assert len(data) <= 512 * 1024
        parts += messages(data)
    shown = [part for part in parts if part["type"] == "state_snapshot"]
    assert [part["part"] for part in shown] == list(range(1, len(shown) + 1))
    assert sum(len(part["entities"]) for part in shown) == 12
    assert len(shown) > 1


def test_parts_of_snapshots_are_no_answers_that_wait() -> None:
    """Who reads what 20 subscriptions are shown is not too slow, and misses nothing."""
    home = Home()
    home.tab("bob").say("subscribe")
    data = {"data": {"new_state": {"attributes": {"x": "x" * 150_000}}}}
    found = [(9 + n, f"a.b{n}", 0, json.dumps(data).encode()) for n in range(6)]
    home.hub.observe(found, 0.0)
    tab = home.tab()
    for number in range(20):
        text = json.dumps({"type": "subscribe", "id": number, "filter": {}})
        tab.it.receive(text, len(text))
    home.fire()
    assert tab.it.closing is None
    frames = tab.read()
    shown = [frame for frame in frames if frame["type"] == "state_snapshot"]
    assert [part["part"] for part in shown] == [*range(1, shown[0]["parts"] + 1)] * 20
    for number, first in enumerate(range(0, len(frames) - 1, 1 + shown[0]["parts"])):
        assert frames[first]["id"] == number
    names = {f"a.b{n}" for n in range(6)} | {"light.lamp"}
    assert {name for part in shown[:7] for name in part["entities"]} == names
    assert {part["as_of_seq"] for part in shown} == {1}
    assert frames[-1]["seq"] == 1
    # Between its parts nothing comes, also what is asked meanwhile.
    text = '{"type":"subscribe","id":20,"filter":{}}'
    tab.say("unsubscribe", subscription="1")
    tab.it.receive(text, len(text))
    assert [frame["type"] for frame in tab.read(2)] == ["result", "state_snapshot"]
    tab.it.receive('{"type":"ping"}', 15)
    home.fire()
    kinds = [frame["type"] for frame in tab.read()]
    assert kinds == ["state_snapshot"] * (shown[0]["parts"] - 1) + ["pong", "event"]


def test_a_snapshot_has_the_document_of_its_place() -> None:
    """What changes it later is told later, and not contained already."""
    home = Home()
    one, two = home.tab(), home.tab()
    one.say("subscribe")
    home.fire()
    two.it.receive('{"type":"subscribe"}', 20)
    one.say("state_update", version=1, state={"theme": "dark"})
    _result, snapshot, told = two.read()
    assert (snapshot["version"], snapshot["state"]) == (1, {})
    assert (told["type"], told["version"]) == ("state_updated", 2)
