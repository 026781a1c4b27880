"""`hiq.v1` without a socket: order of checks, codes, allowances, delivery."""

from __future__ import annotations

import pytest

from tests.clients.talk import Home

BAD: list[tuple[str | None, str, str | None]] = [
    ('{"type":', "INVALID_JSON", None),
    ("", "INVALID_JSON", None),
    ("hello", "INVALID_JSON", None),
    ('{"type":"ping","n":NaN}', "INVALID_JSON", None),
    ('{"type":"ping","n":1e999}', "INVALID_JSON", None),
    ('{"type":"ping","type":"ping"}', "INVALID_JSON", None),
    ('{"type":"ping","n":{"a":1,"a":2}}', "INVALID_JSON", None),
    ('{"type":"ping","n":"\\ud800"}', "INVALID_JSON", None),
    ('{"type":"ping","n":' + "[" * 100 + "]" * 100 + "}", "INVALID_JSON", None),
    ("[" * 30000, "INVALID_JSON", None),
    ('{"type":"ping","n":' + "9" * 5000 + "}", "INVALID_JSON", None),
    ("[]", "NOT_AN_OBJECT", None),
    ("7", "NOT_AN_OBJECT", None),
    ('"ping"', "NOT_AN_OBJECT", None),
    ("null", "NOT_AN_OBJECT", None),
    ("{}", "MISSING_TYPE", "type"),
    ('{"type":null}', "MISSING_TYPE", "type"),
    ('{"type":""}', "MISSING_TYPE", "type"),
    ('{"type":7}', "MISSING_TYPE", "type"),
    ('{"type":"test"}', "UNKNOWN_TYPE", "type"),
    ('{"type":"ack"}', "MISSING_FIELD", "/seq"),
    ('{"type":"ack","seq":"1"}', "INVALID_FIELD", "/seq"),
    ('{"type":"ack","seq":-1}', "INVALID_FIELD", "/seq"),
    ('{"type":"ack","seq":true}', "INVALID_FIELD", "/seq"),
    ('{"type":"ping","id":1.5}', "INVALID_FIELD", "/id"),
    ('{"type":"ping","id":"' + "x" * 65 + '"}', "INVALID_FIELD", "/id"),
    (
        '{"type":"subscribe","filter":{"entities":["a",7]}}',
        "INVALID_FIELD",
        "/filter/entities/1",
    ),
    ('{"type":"subscribe","filter":[]}', "INVALID_FIELD", "/filter"),
    ('{"type":"state_update","version":1}', "MISSING_FIELD", "/state"),
    ('{"type":"state_update","version":1,"state":[]}', "INVALID_FIELD", "/state"),
    ('{"type":"ack","seq":1}', "INVALID_ACK", "/seq"),
    (
        '{"type":"unsubscribe","subscription":"9"}',
        "UNKNOWN_SUBSCRIPTION",
        "/subscription",
    ),
    ('{"type":"ping","user":"bob"}', "FORBIDDEN", None),
    ('{"type":"ping","user_id":7}', "FORBIDDEN", None),
    (None, "BINARY_NOT_SUPPORTED", None),
]


@pytest.mark.parametrize(
    ("text", "code", "field"), BAD, ids=[f"{n}-{row[1]}" for n, row in enumerate(BAD)]
)
def test_each_bad_message_has_its_code(
    text: str | None, code: str, field: str | None
) -> None:
    """The code of the table, a sentence of a cause, and the connection stays open."""
    tab = Home().tab()
    (answer,) = tab.raw(text)
    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer.get("field") == field
    assert len(answer["message"]) > 20
    (pong,) = tab.say("ping", id=4)
    assert (pong["type"], pong["id"]) == ("pong", 4)
    assert tab.it.closing is None


def test_welcome_then_snapshot() -> None:
    """On connecting: who, which session, the limits; then the document, version 1."""
    tab = Home().tab()
    assert tab.welcome["protocol"] == "hiq.v1"
    assert tab.welcome["user"] == "alice"
    assert tab.welcome["limits"]["messages_per_minute"] == 60
    assert tab.welcome["heartbeat"] == {
        "interval": 25.0,
        "timeout": 75.0,
        "max_missed": 2,
    }
    assert tab.welcome["ts"].endswith("Z")
    snapshot = tab.snapshot
    assert (snapshot["version"], snapshot["state"], snapshot["parts"]) == (1, {}, 1)


def test_sizes_go_before_everything() -> None:
    """65,536 bytes are taken; one more is refused, whatever it holds, and is free."""
    tab = Home(messages_per_minute=1).tab()
    (refused,) = tab.raw("x" * 65_537)
    assert refused["code"] == "MESSAGE_TOO_LARGE"
    assert "65537" in refused["message"]
    assert "65536" in refused["message"]
    head = '{"type":"ping","x":"'
    (pong,) = tab.raw(head + "x" * (65_536 - len(head) - 2) + '"}')
    assert pong["type"] == "pong"


def test_sixty_in_a_minute() -> None:
    """The 61st is refused with the time to wait, whatever it holds; then it is taken."""
    home = Home()
    tab, other = home.tab(), home.tab()
    for _ in range(60):
        assert tab.say("ping")[0]["type"] == "pong"
    home.time.pass_by(10)
    (refused,) = tab.raw("not json")
    assert (refused["code"], refused["retry_after"]) == ("RATE_LIMITED", 50)
    assert other.say("ping")[0]["type"] == "pong"
    home.time.pass_by(50)
    assert tab.say("ping")[0]["type"] == "pong"


def test_acks_have_an_allowance_of_their_own() -> None:
    """600 acks and 60 commands in one minute; the 601st ack is refused."""
    home = Home()
    tab = home.tab()
    for _ in range(600):
        assert tab.say("ack", seq=0) == []
    assert tab.say("ack", seq=0)[0]["code"] == "RATE_LIMITED"
    for _ in range(60):
        assert tab.say("ping")[0]["type"] == "pong"


def test_reconnecting_does_not_renew_the_allowance() -> None:
    """Six connections of one user, one after the other, have 300 messages together."""
    home = Home()
    answers = []
    for _ in range(6):
        tab = home.tab()
        answers += [tab.say("ping")[0]["type"] for _ in range(60)]
        tab.it.end()
    assert answers.count("pong") == 300
    assert home.tab("bob").say("ping")[0]["type"] == "pong"


def test_abuse_ends_the_connection() -> None:
    """Sixty refusals within a minute close with 4429."""
    tab = Home().tab()
    for number in range(60):
        assert tab.it.closing is None, number
        tab.raw("", 70_000)
    assert tab.it.closing is not None
    assert tab.it.closing[0] == 4429


def test_events_as_home_assistant_sent_them() -> None:
    """An event frame holds number, ids of the filters and the very JSON."""
    home = Home()
    tab = home.tab()
    (result,) = tab.say("subscribe", id="a", filter={"domains": ["light"]})
    assert (result["id"], result["data"]) == ("a", {"subscription": "1"})
    home.fire("light.lamp")
    home.fire("sensor.x")
    (event,) = tab.read()
    assert (event["seq"], event["subs"], event["redelivered"]) == (1, ["1"], False)
    assert event["validation"] == {"result": "valid", "codes": []}
    assert event["event"]["data"]["new_state"]["entity_id"] == "light.lamp"
    (status,) = tab.say("get_status", event_id=event["event_id"])
    assert status["data"]["status"] == "sent"
    assert tab.say("ack", seq=1) == []
    (status,) = tab.say("get_status", event_id=event["event_id"])
    assert (status["data"]["status"], status["data"]["attempts"]) == ("confirmed", 1)


def test_control_frames_go_before_events() -> None:
    """What answers a command does not wait behind events; both keep their order."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe")
    home.fire(count=8)
    tab.it.receive('{"type":"ping","id":1}', 20)
    tab.it.receive('{"type":"ping","id":2}', 20)
    found = tab.read()
    assert [frame.get("id") for frame in found[:2]] == [1, 2]
    assert [frame["seq"] for frame in found[2:]] == list(range(1, 9))
