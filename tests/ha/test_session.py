"""The conversation with Home Assistant, without a socket."""

import json

import pytest

from hiq.errors import AuthError, CommandError, ConnectionLost, ProtocolError
from hiq.ha import events as ha
from hiq.ha.commands import Question
from hiq.ha.registries import rows_of
from hiq.ha.session import Session
from tests.ha.conversation import answer, login_answers

TOKEN = "secret-token"
HELLO = b'{"type":"auth_required","ha_version":"2024.3.3"}'
WELCOME = b'{"type":"auth_ok","ha_version":"2024.3.3"}'


def make(**options):
    """A session at time 0."""
    return Session(TOKEN, 0.0, **options)


def ok(number):
    """A result without content."""
    return b'{"id":%d,"type":"result","success":true,"result":null}' % number


def refused(number, code="unknown_command"):
    """A refusal."""
    text = (
        '{"id":%d,"type":"result","success":false,"error":{"code":"%s","message":"m"}}'
    )
    return (text % (number, code)).encode()


def sent(session):
    """What the session says, decoded."""
    return [json.loads(text) for text in session.data_to_send()]


def opened(**options):
    """A session that is logged in at time 0."""
    session = make(**options)
    session.receive_message(HELLO, 0.0)
    session.receive_message(WELCOME, 0.0)
    return session


def subscribed(**options):
    """A session with a confirmed subscription, everything else unanswered."""
    session = opened(**options)
    ids = {m["type"]: m["id"] for m in sent(session)[1:]}
    session.receive_message(ok(ids["subscribe_events"]), 0.0)
    session.events_received()
    return session, ids | {m["type"]: m["id"] for m in sent(session)}


def test_the_token_is_sent_only_when_asked_for():
    """Nothing is said before auth_required, then exactly the log-in."""
    session = make()
    assert sent(session) == []
    session.receive_message(HELLO, 0.0)
    assert sent(session) == [{"type": "auth", "access_token": TOKEN}]
    assert session.events_received() == [ha.Greeted()]


LIST = Question("config/entity_registry/list")
GET = Question("config/entity_registry/get", (("entity_id", "a.b"),), timeout_s=15.0)


def test_the_order_after_the_login():
    """Features are id 1, then subscription and questions; states wait for the result."""
    session = opened(questions=(LIST,))
    messages = sent(session)[1:]
    assert [(m["id"], m["type"]) for m in messages] == [
        (1, "supported_features"),
        (2, "subscribe_events"),
        (3, "config/entity_registry/list"),
    ]
    assert messages[0]["features"] == {"coalesce_messages": 1}
    assert messages[1]["event_type"] == "state_changed"
    session.receive_message(ok(1), 0.0)
    assert sent(session) == []
    session.receive_message(ok(2), 0.0)
    assert [(m["id"], m["type"]) for m in sent(session)] == [
        (4, "get_config"),
        (5, "get_states"),
    ]
    assert session.events_received()[-1] == ha.Subscribed(("state_changed",))


def test_a_recorded_home_is_taken_in():
    """Registry, configuration and states of the recording become events."""
    session, ids = subscribed(questions=(LIST,))
    for kind in ("config/entity_registry/list", "get_config", "get_states"):
        session.receive_message(answer(kind, as_id=ids[kind]), 0.0)
    registry, config, states = session.events_received()
    assert registry.question is LIST
    assert len(rows_of(registry.result)) > 200
    assert config.config.version == "2024.3.3"
    assert len(states.states) > 300
    assert session.strays == 0
    assert sent(session) == []


def test_each_event_type_is_subscribed_once_and_all_are_waited_for():
    """Two types give two subscriptions; states are asked after the second result."""
    session = opened(event_types=("state_changed", "x", "state_changed"))
    subscriptions = [m for m in sent(session) if m["type"] == "subscribe_events"]
    assert [m["event_type"] for m in subscriptions] == ["state_changed", "x"]
    session.receive_message(ok(subscriptions[1]["id"]), 0.0)
    assert sent(session) == []
    session.receive_message(ok(subscriptions[0]["id"]), 0.0)
    assert [m["type"] for m in sent(session)] == ["get_config", "get_states"]


def test_without_synchronising_only_the_subscription_is_asked():
    """A recorder asks for nothing that could tell more than the events do."""
    session = opened(synchronise=False)
    assert [m["type"] for m in sent(session)[1:]] == [
        "supported_features",
        "subscribe_events",
    ]
    session.receive_message(ok(2), 0.0)
    assert sent(session) == []


@pytest.mark.parametrize("text", login_answers())
def test_every_recorded_refusal_is_an_auth_error(text):
    """Whatever auth_invalid says, it is final, and the token is not repeated."""
    session = make()
    session.receive_message(HELLO, 0.0)
    with pytest.raises(AuthError) as caught:
        session.receive_message(text, 0.0)
    assert caught.value.message == json.loads(text)["message"]
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "text", [b"<html>", b"{}", b"[]", WELCOME, b'{"type":"result","id":1}']
)
def test_what_is_not_home_assistant_is_told_so(text):
    """Anything else than auth_required at the beginning breaks the protocol."""
    session = make()
    with pytest.raises(ProtocolError):
        session.receive_message(text, 0.0)
    assert sent(session) == []


def test_a_refused_subscription_ends_the_connection():
    """Without events there is no use in staying."""
    session = opened()
    with pytest.raises(CommandError, match="unauthorized"):
        session.receive_message(refused(2, "unauthorized"), 0.0)


@pytest.mark.parametrize("number", [1, 3])
def test_other_refusals_are_told_and_survived(number):
    """Old versions without a command are served as well as possible."""
    session = opened(questions=(LIST,))
    session.events_received()
    session.receive_message(refused(number), 0.0)
    (event,) = session.events_received()
    assert event.error.code == "unknown_command"
    session.receive_message(ok(2), 0.0)
    assert session.events_received() == [ha.Subscribed(("state_changed",))]


def test_an_unreadable_answer_is_a_refusal():
    """A result of the wrong shape is told, and the session goes on."""
    session, ids = subscribed()
    session.receive_message(ok(ids["get_states"]), 0.0)
    (event,) = session.events_received()
    assert event.error.command == "get_states"
    assert event.error.code == "unreadable_answer"


@pytest.mark.parametrize(
    "text",
    [
        b"42",
        b'{"type":"surprise","id":1}',
        b'{"id":null,"type":"result","success":false}',
        ok(99),
        b'{"id":77,"type":"pong"}',
    ],
)
def test_strays_are_counted_and_change_nothing(text):
    """Answers to what was not asked have no effect."""
    session, _ = subscribed()
    session.receive_message(text, 0.0)
    assert session.strays == 1
    assert session.events_received() == []


def test_other_events_are_handed_on():
    """An event that the pipeline passed on is given as it came."""
    session, _ = subscribed()
    text = answer("fire_event")
    session.receive_message(text, 0.0)
    assert session.events_received() == [ha.Event(text)]


def test_a_home_that_starts_is_asked_until_it_runs_and_then_for_all_states():
    """NOT_RUNNING is polled; the states restored meanwhile are fetched at the end."""
    session, ids = subscribed()
    session.receive_message(answer("get_states", as_id=ids["get_states"]), 0.0)
    starting = '{"id":%d,"type":"result","success":true,"result":{"state":"%s"}}'
    session.receive_message((starting % (ids["get_config"], "NOT_RUNNING")).encode(), 0)
    session.receive_message(ok(1), 0.0)
    assert session.next_deadline() == 1.0
    session.receive_time(0.9)
    assert sent(session) == []
    session.receive_time(1.0)
    (poll,) = sent(session)
    assert poll["type"] == "get_config"
    session.receive_message((starting % (poll["id"], "RUNNING")).encode(), 1.1)
    (again,) = sent(session)
    assert again["type"] == "get_states"


def settled(timing=None):
    """A session at time 0 to which nothing is owed."""
    session, ids = subscribed(timing=timing)
    for number in (1, *ids.values()):
        if number != ids["subscribe_events"]:
            session.receive_message(refused(number), 0.0)
    session.events_received()
    return session


def test_a_silent_home_is_pinged_and_the_answer_measured():
    """30 s after the log-in comes a ping; its round trip is told."""
    session = settled()
    assert session.next_deadline() == 30.0
    session.receive_time(29.9)
    assert sent(session) == []
    session.receive_time(30.0)
    (ping,) = sent(session)
    assert ping["type"] == "ping"
    session.receive_message(b'{"id":%d,"type":"pong"}' % ping["id"], 30.25)
    assert session.events_received() == [ha.Ponged(0.25)]
    assert session.next_deadline() == 60.25


def test_a_missing_pong_ends_the_connection_after_40_seconds():
    """A half-open connection is found 10 s after the ping."""
    session = settled()
    session.receive_time(30.0)
    assert session.next_deadline() == 40.0
    session.receive_time(39.9)
    with pytest.raises(ConnectionLost, match="no answer to ping in 10 s"):
        session.receive_time(40.0)


def test_a_missing_answer_ends_the_connection():
    """Every command has a deadline; while one is owed no ping is needed."""
    session, _ = subscribed()
    session.receive_time(59.9)
    assert sent(session) == []
    with pytest.raises(ConnectionLost, match="supported_features in 60 s"):
        session.receive_time(60.0)


@pytest.mark.parametrize(
    ("greeted", "text"), [(False, "auth_required"), (True, "answer to the token")]
)
def test_each_step_of_the_login_has_ten_seconds(greeted, text):
    """A server that accepts and says nothing is left."""
    session = make()
    at = 0.0
    if greeted:
        at = 9.0
        session.receive_message(HELLO, at)
    assert session.next_deadline() == at + 10.0
    session.receive_time(at + 9.9)
    with pytest.raises(ConnectionLost, match=text):
        session.receive_time(at + 10.0)


def test_time_that_we_did_not_read_is_not_held_against_the_peer():
    """After a pause all deadlines are later by its length."""
    session = settled()
    session.receive_time(30.0)
    session.postpone(100.0)
    assert session.next_deadline() == 140.0
    session.receive_time(139.0)
    waiting = make()
    waiting.postpone(5.0)
    assert waiting.next_deadline() == 15.0


def test_a_held_subscription_waits_for_the_questions_to_be_settled():
    """First the questions go out; the subscription follows when it is released."""
    session = opened(questions=(LIST,), hold_s=15.0)
    assert [m["type"] for m in sent(session)[1:]] == ["supported_features", LIST.name]
    session.release(1.0)
    session.release(1.0)
    (subscription,) = sent(session)
    assert subscription["type"] == "subscribe_events"


def test_a_held_subscription_waits_only_so_long():
    """After 15 s it goes out anyway, and the owner is told."""
    session = opened(hold_s=15.0)
    session.receive_message(ok(1), 0.0)
    sent(session)
    session.events_received()
    assert session.next_deadline() == 15.0
    session.receive_time(15.0)
    assert [m["type"] for m in sent(session)] == ["subscribe_events"]
    assert session.events_received() == [ha.HoldEnded()]


def test_a_question_without_an_answer_costs_no_connection():
    """After its time the owner is told; an answer that comes later is a stray."""
    session = settled()
    before = session.strays
    assert session.ask(GET, 1.0)
    (message,) = sent(session)
    assert message["entity_id"] == "a.b"
    assert session.next_deadline() == 16.0
    session.receive_time(16.0)
    (event,) = session.events_received()
    assert (event.question, event.error.code) == (GET, "timeout")
    session.receive_message(ok(message["id"]), 17.0)
    assert session.strays == before + 1


def test_before_the_login_nothing_can_be_asked():
    """The question is not kept for later."""
    session = make()
    assert not session.ask(GET, 0.0)
    assert sent(session) == []
