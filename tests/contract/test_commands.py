"""Ids, errors, ping, and the answers to the commands that hiq sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.contract.client import opened
from tests.contract.conftest import Peer

BAD = [
    # what is sent, then id, code and text of the error
    ({"type": "ping"}, None, "invalid_format", "Message incorrectly formatted."),
    (
        {"id": "x", "type": "ping"},
        "x",
        "invalid_format",
        "Message incorrectly formatted.",
    ),
    ({"id": 0, "type": "ping"}, 0, "invalid_format", "Message incorrectly formatted."),
    (
        {"id": 7.0, "type": "ping"},
        7,
        "invalid_format",
        "Message incorrectly formatted.",
    ),
    (
        {"id": True, "type": "ping"},
        True,
        "invalid_format",
        "Message incorrectly formatted.",
    ),
    ({"id": 7}, 7, "invalid_format", "Message incorrectly formatted."),
    ({"id": 7, "type": 5}, 7, "invalid_format", "Message incorrectly formatted."),
    ({"id": 5, "type": "ping"}, 5, "id_reuse", "Identifier values have to increase."),
    ({"id": 4, "type": "ping"}, 4, "id_reuse", "Identifier values have to increase."),
    ({"id": 7, "type": "no/such"}, 7, "unknown_command", "Unknown command."),
    (
        {"id": 7, "type": "supported_features"},
        *(7, "invalid_format"),
        "required key not provided @ data['features']. Got None",
    ),
    (
        {"id": 7, "type": "get_states", "extra": 1},
        *(7, "invalid_format"),
        "extra keys not allowed @ data['extra']. Got 1",
    ),
    (
        {"id": 7, "type": "subscribe_events", "event_type": 1},
        *(7, "invalid_format"),
        "expected str for dictionary value @ data['event_type']. Got 1",
    ),
    (
        {"id": 7, "type": "unsubscribe_events", "subscription": 3},
        *(7, "not_found", "Subscription not found."),
    ),
    (
        {"id": 7, "type": "history/history_during_period", "start_time": "2024-01-01"},
        *(7, "invalid_format"),
        "required key not provided @ data['entity_ids']. Got None",
    ),
    (
        {
            "id": 7,
            "type": "history/history_during_period",
            "start_time": "then",
            "entity_ids": ["sun.sun"],
        },
        *(7, "invalid_start_time", "Invalid start_time"),
    ),
    (
        {
            "id": 7,
            "type": "history/history_during_period",
            "start_time": "2024-01-01T00:00:00+00:00",
            "end_time": "then",
            "entity_ids": ["sun.sun"],
        },
        *(7, "invalid_end_time", "Invalid end_time"),
    ),
    (
        {
            "id": 7,
            "type": "history/history_during_period",
            "start_time": "2024-01-01T00:00:00+00:00",
            "entity_ids": ["no id"],
        },
        *(7, "invalid_entity_ids", "Invalid entity_ids"),
    ),
]

ROWS = {
    "config/area_registry/list": {"aliases", "area_id", "icon", "name", "picture"},
    "config/device_registry/list": {
        *("area_id", "configuration_url", "config_entries", "connections"),
        *("disabled_by", "entry_type", "hw_version", "id", "identifiers"),
        *("manufacturer", "model", "name_by_user", "name", "serial_number"),
        *("sw_version", "via_device_id"),
    },
    "config/entity_registry/list": {
        *("area_id", "config_entry_id", "device_id", "disabled_by"),
        *("entity_category", "entity_id", "has_entity_name", "hidden_by", "icon"),
        *("id", "labels", "name", "options", "original_name", "platform"),
        *("translation_key", "unique_id"),
    },
    "config/floor_registry/list": {"floor_id", "icon", "level", "name"},
    "config/label_registry/list": {"color", "description", "icon", "label_id", "name"},
    "config_entries/get": {
        *("entry_id", "domain", "title", "source", "state", "supports_options"),
        *("supports_unload", "pref_disable_polling", "disabled_by", "reason"),
    },
}


@pytest.mark.parametrize(("sent", "number", "code", "text"), BAD)
async def test_refuses_a_wrong_command(peer: Peer, sent, number, code, text):
    """A wrong command gets an error with its id, a code and a text."""
    async with opened(peer.websocket_url, peer.token) as client:
        await client.send({"id": 5, "type": "ping"})
        await client.message()
        await client.send(sent)
        answer = await client.message()
        assert answer["type"] == "result"
        assert answer["success"] is False
        error = answer["error"]
        assert (answer["id"], error["code"]) == (number, code)
        if peer.version == "2024.3":  # later ones say some things in other words
            assert error["message"] == text


async def test_an_unknown_command_does_not_use_up_its_id(peer: Peer):
    """The id of an unknown command may be used again, that of a refused one not."""
    async with opened(peer.websocket_url, peer.token) as client:
        for command in ("no/such", "ping", "ping"):
            await client.send({"id": 3, "type": command})
        kinds = [(await client.message()) for _ in range(3)]
    codes = [m.get("error", {}).get("code", m["type"]) for m in kinds]
    assert codes == ["unknown_command", "pong", "id_reuse"]


async def test_takes_an_array_of_commands(peer: Peer):
    """Two commands in one frame get two answers."""
    async with opened(peer.websocket_url, peer.token) as client:
        await client.send([{"id": 1, "type": "ping"}, {"id": 2, "type": "ping"}])
        answers = [await client.message(), await client.message()]
    assert answers == [{"id": 1, "type": "pong"}, {"id": 2, "type": "pong"}]


@pytest.mark.parametrize("text", ["{", "[1"])
async def test_closes_on_a_command_that_is_not_json(peer: Peer, text: str):
    """After the login, too, what is not JSON ends the connection with 1000."""
    async with opened(peer.websocket_url, peer.token) as client:
        await client.send(text)
        with pytest.raises(ConnectionClosed):
            await client.message()
        assert client.socket.close_code == 1000


async def test_get_states_has_the_keys_of_a_state(peer: Peer):
    """Every entity is there once, with the keys of a state, times with a zone."""
    async with opened(peer.websocket_url, peer.token) as client:
        states = await client.ask("get_states")
    ids = [state["entity_id"] for state in states]
    assert len(ids) == len(set(ids)) >= 100
    assert len({entity_id.partition(".")[0] for entity_id in ids}) >= 12
    for state in states:
        keys = [key for key in state if key != "last_reported"]
        assert keys == [
            *("entity_id", "state", "attributes"),
            *("last_changed", "last_updated", "context"),
        ]
        assert state["last_changed"].endswith("+00:00")
        assert set(state["context"]) == {"id", "parent_id", "user_id"}
        assert len(state["context"]["id"]) == 26


async def test_get_config_says_that_it_runs(peer: Peer):
    """The configuration names state, version, place and integrations."""
    async with opened(peer.websocket_url, peer.token) as client:
        config = await client.ask("get_config")
    assert config["state"] == "RUNNING"
    assert {"recorder", "history"} <= set(config["components"])
    assert set(config) >= {
        *("latitude", "longitude", "elevation", "unit_system", "location_name"),
        *("time_zone", "components", "config_dir", "version", "config_source"),
        *("recovery_mode", "state", "external_url", "internal_url", "currency"),
        *("country", "language", "safe_mode"),
    }


async def test_the_user_of_the_token_is_known(peer: Peer):
    """The user has an id and a name, and is an administrator here."""
    async with opened(peer.websocket_url, peer.token) as client:
        user = await client.ask("auth/current_user")
    assert set(user) == {
        *("id", "name", "is_owner", "is_admin", "credentials", "mfa_modules"),
    }
    assert user["is_admin"] is True
    assert len(user["id"]) == 32


async def test_get_services_is_by_domain_and_name(peer: Peer):
    """Services have fields, and there are generic ones."""
    async with opened(peer.websocket_url, peer.token) as client:
        services = await client.ask("get_services")
    assert "turn_on" in services["homeassistant"]
    assert all("fields" in s for domain in services.values() for s in domain.values())


@pytest.mark.parametrize("command", ROWS)
async def test_registry_rows_have_their_keys(peer: Peer, command: str):
    """Every row of a registry has the keys that both versions have."""
    async with opened(peer.websocket_url, peer.token) as client:
        rows = await client.ask(command)
    assert isinstance(rows, list)
    assert [row for row in rows if not ROWS[command] <= set(row)] == []


async def test_entities_point_to_rows_that_exist(peer: Peer):
    """Devices, areas and config entries that are named are in their registry."""
    async with opened(peer.websocket_url, peer.token) as client:
        entities: list[dict[str, Any]] = await client.ask("config/entity_registry/list")
        devices = await client.ask("config/device_registry/list")
        areas = await client.ask("config/area_registry/list")
        entries = await client.ask("config_entries/get")
    known_areas = {row["area_id"] for row in areas} | {None}
    known_devices = {row["id"] for row in devices} | {None}
    known_entries = {row["entry_id"] for row in entries} | {None}
    assert entities
    assert {row["device_id"] for row in entities} <= known_devices
    assert {row["area_id"] for row in [*entities, *devices]} <= known_areas
    assert {row["config_entry_id"] for row in entities} <= known_entries


async def test_recorder_info_says_that_it_records(peer: Peer):
    """The recorder is on, and no migration runs."""
    async with opened(peer.websocket_url, peer.token) as client:
        info = await client.ask("recorder/info")
    assert info["recording"] is True
    assert info["thread_running"] is True
    assert info["migration_in_progress"] is False
    assert isinstance(info["backlog"], int)


async def test_results_begin_with_the_id(peer: Peer):
    """A result has id, type, success and result, in this order."""
    async with opened(peer.websocket_url, peer.token) as client:
        answer = await client.answer(await client.command("get_config"))
    assert list(answer) == ["id", "type", "success", "result"]
    assert json.dumps(answer["id"]) == "1"
