"""Texts that hiq sends to Home Assistant."""

import json

import pytest

from hiq.ha import commands


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (commands.auth("t.o-k_en"), {"type": "auth", "access_token": "t.o-k_en"}),
        (
            commands.supported_features(1),
            {
                "id": 1,
                "type": "supported_features",
                "features": {"coalesce_messages": 1},
            },
        ),
        (
            commands.subscribe_events(2, "state_changed"),
            {"id": 2, "type": "subscribe_events", "event_type": "state_changed"},
        ),
        (
            commands.command(3, commands.Command.GET_STATES),
            {"id": 3, "type": "get_states"},
        ),
        (
            commands.command(4, commands.Command.RECORDER_INFO),
            {"id": 4, "type": "recorder/info"},
        ),
        (commands.ping(5), {"id": 5, "type": "ping"}),
    ],
)
def test_a_command_is_the_documented_json(text, message):
    """Each builder gives the message of Home Assistant's documentation."""
    assert json.loads(text) == message
