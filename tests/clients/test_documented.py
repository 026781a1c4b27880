"""The examples of the reference are frames, and frames look as the examples do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hiq.clients.principal import EVERYTHING, Principal
from hiq.clients.reading import load, to_frame
from hiq.clients.subscriptions import VIOLATION
from tests.clients.talk import Home
from tests.clients.tokens import NOW

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "client-protocol.md"
DECLARATION = PAGE.with_name("hiq.d.ts")


def examples(part: str) -> list[dict[str, Any]]:
    """The lines between two marks."""
    text = PAGE.read_text(encoding="utf-8")
    block = text.split(f"<!-- begin {part} -->")[1].split(f"<!-- end {part} -->")[0]
    return [json.loads(line) for line in block.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("example", examples("client"), ids=lambda e: e["type"])
def test_client_examples_are_frames(example: dict[str, Any]) -> None:
    """Each is taken by the parser."""
    frame = to_frame(load(json.dumps(example)))
    assert frame.__struct_config__.tag == example["type"]


def said() -> dict[str, dict[str, Any]]:
    """One frame of each type, as a conversation brings them."""
    home = Home(outbox_events=2)
    good = Principal("alice", EVERYTHING, NOW + 900)
    tab = home.tab(expires_s=NOW + 10, verify=lambda _token: good)
    frames = [tab.welcome, tab.snapshot]
    frames += tab.say("subscribe", id=1, filter={"written": True, "alerts": True})
    words = ("key", "severity", "state", "message", "since")
    home.hub.alert(**dict.fromkeys(words, ""))
    frames += tab.read()
    home.fire(count=3)
    frames += tab.read()
    words = ("contract", "correlation", "code", "step", "message", "events")
    home.hub.other(
        VIOLATION, json.dumps(dict.fromkeys(words, "")).encode(), home.time.now
    )
    frames += tab.read()
    home.hub.tick(home.time.now, 3)
    frames += tab.read() + tab.say("ping", id=4)
    frames += tab.say("state_update", id=7, version=1, state={"theme": "dark"})
    patch = [{"op": "replace", "path": "/theme", "value": "light"}]
    frames += tab.say("partial_state_update", id=8, version=2, patch=patch)
    frames += tab.say("get_current_state", id=6)
    frames += tab.say("state_update", id=7, version=1, state={})
    frames += tab.say("ack", id=7, seq="1")
    tab.it.tick()
    frames += tab.read()
    gone = tab.welcome["session"]
    tab.it.end()
    home.time.pass_by(301)
    home.hub.tick(home.time.now)
    frames += home.tab().say("resume", id=3, session=gone, last_seq=0)
    return {frame["type"]: frame for frame in reversed(frames)}


SAID = said()


@pytest.mark.parametrize("example", examples("server"), ids=lambda e: e["type"])
def test_server_frames_look_like_their_examples(example: dict[str, Any]) -> None:
    """The same keys in the same order."""
    assert list(SAID[example["type"]]) == list(example)


def test_every_type_is_documented() -> None:
    """No frame is sent that the reference does not show."""
    assert set(SAID) == {example["type"] for example in examples("server")}


def test_the_declaration_knows_the_same_types() -> None:
    """TypeScript programs have every type, and every field of the examples."""
    text = DECLARATION.read_text(encoding="utf-8")
    declared = set(re.findall(r'type: "(\w+)"', text))
    shown = [*examples("client"), *examples("server")]
    assert {example["type"] for example in shown} <= declared
    for example in shown:
        body = re.search(rf'type: "{example["type"]}";(.*?)\n}}', text, re.DOTALL)
        assert body, example["type"]
        fields = set(re.findall(r"^\s+(\w+)\??:", body[1], re.MULTILINE)) | {
            "type",
            "ts",
            "id",
        }
        assert set(example) <= fields, example["type"]
