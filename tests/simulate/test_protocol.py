"""The session without I/O; what it says is also compared with the real one."""

from __future__ import annotations

import json

import pytest

from hiq.simulate.history import History
from hiq.simulate.protocol import Session, join
from hiq.simulate.world import World

NOW = 1_700_000_000_000_000
TOKEN = "token-of-the-simulated-home"


@pytest.fixture
def world() -> World:
    """Give a home of 30 entities."""
    world = World(30)
    world.begin(NOW)
    return world


@pytest.fixture
def session(world: World) -> Session:
    """Give a session that is not logged in."""
    return Session(world, History(), TOKEN)


def say(session: Session, **message) -> dict:
    """Send one message; return the one answer."""
    answer = session.receive(json.dumps(message), NOW)
    [text] = answer.messages
    return json.loads(text)


@pytest.fixture
def opened(session: Session) -> Session:
    """Give a session that is logged in."""
    assert say(session, type="auth", access_token=TOKEN)["type"] == "auth_ok"
    return session


def test_nothing_is_answered_before_the_login(session: Session):
    """A command instead of a login ends the session."""
    answer = session.receive(json.dumps({"id": 1, "type": "get_states"}), NOW)
    assert answer.close
    assert json.loads(answer.messages[0])["type"] == "auth_invalid"
    assert session.event("state_changed", b"{}") == []
    assert not session.log.authenticated


def test_refuse_refuses_the_right_token(session: Session):
    """With `refuse` even the right token is invalid."""
    session.refuse = True
    assert say(session, type="auth", access_token=TOKEN)["type"] == "auth_invalid"


def test_the_log_has_commands_and_no_token(opened: Session):
    """Commands and subscriptions are logged, the token is nowhere in it."""
    say(opened, id=1, type="subscribe_events", event_type="state_changed")
    say(opened, id=2, type="no/such")
    assert [command["type"] for command in opened.log.commands] == [
        "subscribe_events",
        "no/such",
    ]
    assert opened.log.subscriptions == {1: "state_changed"}
    assert TOKEN not in repr(opened.log)


def test_each_subscription_gets_its_own_message(opened: Session):
    """Two subscriptions for one event make two messages with their ids."""
    say(opened, id=1, type="subscribe_events", event_type="a")
    say(opened, id=2, type="subscribe_events")
    say(opened, id=3, type="subscribe_events", event_type="b")
    messages = [json.loads(text) for text in opened.event("a", b'{"x":1}')]
    assert [message["id"] for message in messages] == [1, 2]
    assert all(message["event"] == {"x": 1} for message in messages)


def test_coalescing_is_on_only_if_asked_for(opened: Session):
    """Other features do not switch it on."""
    say(opened, id=1, type="supported_features", features={"other": 1})
    assert not opened.log.coalesce
    say(opened, id=2, type="supported_features", features={"coalesce_messages": 1})
    assert opened.log.coalesce


def test_join_makes_arrays_of_two_or_more():
    """One message stays an object, also when arrays are allowed."""
    assert join([b"1", b"2"], coalesce=True) == [b"[1,2]"]
    assert join([b"1"], coalesce=True) == [b"1"]
    assert join([b"1", b"2"], coalesce=False) == [b"1", b"2"]
    assert join([], coalesce=True) == []


def test_get_states_is_the_world(opened: Session, world: World):
    """The states are those of the home, in its order."""
    result = say(opened, id=1, type="get_states")["result"]
    assert [row["entity_id"] for row in result] == list(world.states)


@pytest.mark.parametrize("text", ["{", "", b"\xff"])
def test_what_is_not_json_closes(opened: Session, text):
    """Broken JSON is answered by the end of the session."""
    answer = opened.receive(text, NOW)
    assert answer.close
    assert answer.messages == ()


@pytest.mark.parametrize("content", ["5", "null", '"x"', "[5]"])
def test_a_command_that_is_no_object_is_an_error(opened: Session, content: str):
    """JSON of another kind gets invalid_format with the id 0."""
    [text] = opened.receive(content, NOW).messages
    assert json.loads(text)["id"] == 0
    assert json.loads(text)["error"]["code"] == "invalid_format"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"start_time": "x"}, "invalid_start_time"),
        ({"end_time": "x"}, "invalid_end_time"),
        ({"entity_ids": ["Sensor.X"]}, "invalid_entity_ids"),
        ({"entity_ids": ["nodot"]}, "invalid_entity_ids"),
    ],
)
def test_history_refuses_bad_arguments(opened: Session, fields: dict, code: str):
    """Times that are none and names that cannot be are errors of their own."""
    good = {"start_time": "2023-01-01T00:00:00", "entity_ids": ["a.b"]}
    name = "history/history_during_period"
    assert say(opened, id=1, type=name, **{**good, **fields})["error"]["code"] == code


def test_history_takes_a_time_without_a_zone(opened: Session):
    """A time without a zone is UTC; a future one has no rows."""
    name = "history/history_during_period"
    fields = {"end_time": "2024-01-01", "entity_ids": ["a.b"]}
    for number, start in enumerate(("2023-01-01T00:00:00", "2099-01-01"), 1):
        answer = say(opened, id=number, type=name, start_time=start, **fields)
        assert answer["result"] == {}


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        ("config/area_registry/list", "area_rows"),
        ("config/device_registry/list", "device_rows"),
        ("config/entity_registry/list", "entity_rows"),
        ("config/floor_registry/list", "floor_rows"),
        ("config/label_registry/list", "label_rows"),
        ("config_entries/get", "config_entry_rows"),
        ("get_services", "services"),
        ("auth/current_user", "user"),
    ],
)
def test_registries_are_those_of_the_home(
    opened: Session, world: World, command: str, rows: str
):
    """Each list command gives the rows of the home."""
    assert say(opened, id=1, type=command)["result"] == getattr(world.home, rows)()


def test_config_and_recorder_say_that_it_runs(opened: Session):
    """The home runs and records."""
    assert say(opened, id=1, type="get_config")["result"]["state"] == "RUNNING"
    assert say(opened, id=2, type="recorder/info")["result"]["recording"] is True


def test_unsubscribed_gets_nothing(opened: Session):
    """After unsubscribing events are not for this client; twice is an error."""
    say(opened, id=1, type="subscribe_events", event_type="a")
    assert say(opened, id=2, type="unsubscribe_events", subscription=1)["success"]
    assert opened.event("a", b"{}") == []
    again = say(opened, id=3, type="unsubscribe_events", subscription=1)
    assert again["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("number", "code"), [(None, "invalid_format"), (5, "id_reuse"), (4, "id_reuse")]
)
def test_ids_have_to_rise(opened: Session, number, code: str):
    """An id that is none, or not higher than the last, is refused."""
    assert say(opened, id=5, type="ping") == {"id": 5, "type": "pong"}
    answer = say(opened, id=number, type="ping")
    assert (answer["id"], answer["error"]["code"]) == (number, code)


def test_history_answers_the_rows(world: World):
    """A question for the past gives what was remembered, by entity."""
    history = History()
    change = world.set("sensor.x", "7", {"unit_of_measurement": "W"}, NOW + 1000)
    assert change.new
    history.add(change.new)
    session = Session(world, history, TOKEN)
    say(session, type="auth", access_token=TOKEN)
    fields = {"start_time": "2023-11-14T00:00:00+00:00", "entity_ids": ["sensor.x"]}
    answer = say(session, id=1, type="history/history_during_period", **fields)
    lu = change.new.updated_us / 1e6
    row = {"s": "7", "a": {"unit_of_measurement": "W"}, "lu": lu}
    assert answer["result"] == {"sensor.x": [row]}
