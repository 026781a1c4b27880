"""Any frame at all is answered by a code of the table, and the connection goes on."""

from __future__ import annotations

import json
import os
import random
from typing import Any

from hiq.clients.frames import TYPES
from tests.clients.talk import Home
from tests.clients.test_documented import examples

FRAMES = int(os.environ.get("CLIENT_FRAMES", "20000"))
CODES = {
    *("MESSAGE_TOO_LARGE", "RATE_LIMITED", "BINARY_NOT_SUPPORTED", "INVALID_JSON"),
    *(
        "NOT_AN_OBJECT",
        "MISSING_TYPE",
        "UNKNOWN_TYPE",
        "MISSING_FIELD",
        "INVALID_FIELD",
    ),
    *("FORBIDDEN", "TOO_MANY_SUBSCRIPTIONS", "UNKNOWN_SUBSCRIPTION", "INVALID_ACK"),
    *("PATCH_FAILED", "STATE_TOO_LARGE", "TOKEN_EXPIRED"),
}
SCALARS: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**53,
        2**63,
        2**64,
        10**30,
        1.5,
        -0.0,
        "",
        "x",
        "*",
    ),
    *("/a", "~", "\x00", "\ud83d\ude00", "é" * 70, [], {}, [[]], {"a": {}}),
]


def value(chance: random.Random, depth: int = 0) -> Any:
    """Any value."""
    kind = chance.random()
    if depth > 3 or kind < 0.6:
        return chance.choice(SCALARS)
    if kind < 0.8:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {str(value(chance, 9))[:9]: value(chance, depth + 1) for _ in range(3)}


def text(chance: random.Random, known: list[dict[str, Any]]) -> str | None:
    """Any frame: good ones, good ones with a field changed, and noise."""
    kind = chance.random()
    if kind < 0.02:
        return None
    if kind < 0.1:
        return "".join(
            chance.choices(
                '{}[]",:0123456789.eE+-truefalsn\\u \n', k=chance.randrange(40)
            )
        )
    frame = dict(chance.choice(known))
    if kind < 0.15:
        frame = {"type": chance.choice([*TYPES, "x"]), "id": value(chance)}
    for _ in range(chance.randrange(3)):
        frame[chance.choice([*frame, "user", "id", "type"])] = value(chance)
    found = json.dumps(frame)
    if kind > 0.9:
        place = chance.randrange(len(found))
        found = found[:place] + chance.choice('{}[]",: x\x00') + found[place + 1 :]
    return found


def test_any_frame_is_answered() -> None:
    """No exception, no unknown code, no end of the connection but for good reasons."""
    chance = random.Random(11)
    known = examples("client")
    home = Home(messages_per_minute=10**9, acks_per_minute=10**9)
    tab = home.tab()
    codes: dict[str, int] = {}
    for number in range(FRAMES):
        given = text(chance, known)
        if number % 50 == 0:
            home.fire("light.lamp")
        for answer in tab.raw(given):
            if answer["type"] == "error":
                assert answer["code"] in CODES, (given, answer)
                assert len(answer["message"]) > 20, (given, answer)
                codes[answer["code"]] = codes.get(answer["code"], 0) + 1
        assert tab.it.closing is None, (given, tab.it.closing)
    print(codes)
    assert len(codes) >= 9
    assert tab.say("ping", id="end")[-1]["id"] == "end"
