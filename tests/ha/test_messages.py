"""Schemas of the slow lane, on recorded answers."""

import msgspec
import pytest

from hiq.ha import messages
from tests.ha.conversation import answer, exchanges


def test_every_recorded_message_has_a_readable_envelope():
    """Whatever Home Assistant sent in the recording can be decoded."""
    kinds = {
        messages.decode_message(frame.encode()).type
        for _, frames in exchanges()
        for frame in frames
        if isinstance(frame, str)
    }
    assert kinds == {
        "auth_required",
        "auth_invalid",
        "auth_ok",
        "result",
        "pong",
        "event",
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b'{"id":7,"type":"pong"}', 7),
        (b'{"type":"pong"}', None),
        (b'{"id":null,"type":"result"}', None),
        (b'{"id":"x","type":"result"}', None),
        (b'{"id":7.5,"type":"result"}', None),
    ],
)
def test_an_id_is_a_number_or_none_of_ours(text, number):
    """Home Assistant repeats any id it was sent, ours are integers."""
    assert messages.decode_message(text).number == number


def test_a_refusal_carries_code_and_message():
    """The error of a refused command is readable."""
    message = messages.decode_message(answer("no_such_command"))
    assert not message.success
    assert message.error == messages.ResultError("unknown_command", "Unknown command.")


def test_states_are_cut_out_as_they_were_sent():
    """Each state of get_states is the text that Home Assistant wrote."""
    message = messages.decode_message(answer("get_states"))
    states = messages.decode_states(message.result)
    assert len(states) > 300
    assert b"[" + b",".join(map(bytes, states)) + b"]" == bytes(message.result)


def test_config_tells_whether_home_assistant_runs():
    """The recorded one runs; one that says otherwise does not."""
    message = messages.decode_message(answer("get_config"))
    config = messages.decode_config(message.result)
    assert (config.running, config.version) == (True, "2024.3.3")
    starting = messages.decode_config(msgspec.Raw(b'{"state":"NOT_RUNNING"}'))
    assert not starting.running


@pytest.mark.parametrize(
    ("frame", "pieces"),
    [
        (b'{"type":"pong"}', [b'{"type":"pong"}']),
        (b' [{"a":1}, {"b":[2]}]', [b'{"a":1}', b'{"b":[2]}']),
        (b"[]", []),
    ],
)
def test_a_frame_is_one_message_or_an_array_of_them(frame, pieces):
    """Both forms of frame are cut into their messages, also from a view."""
    assert [bytes(piece) for piece in messages.split(frame)] == pieces
    assert [bytes(piece) for piece in messages.split(memoryview(frame))] == pieces


def test_what_is_no_json_is_refused():
    """A frame or message that is no JSON raises DecodeError."""
    with pytest.raises(msgspec.DecodeError):
        messages.split(b"[{")
    with pytest.raises(msgspec.DecodeError):
        messages.decode_message(b"42")
