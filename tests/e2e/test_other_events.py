"""Events other than state changes on a real Home Assistant: chosen, stored, refused."""

from __future__ import annotations

import json
import sqlite3
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import HiqServe, until
from tests.servers.home_assistant import HomeAssistant
from tests.servers.process import http_request

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]

SETTINGS = "events:\n  types: [call_service, hiq_test_event]\n"


def points(hiq: HiqServe) -> list[dict[str, Any]]:
    """All points of `ha_events`, tags and fields together, oldest first."""
    found: dict[int, dict[str, Any]] = {}
    with sqlite3.connect(f"file:{hiq.data / 'sqlite.db'}?mode=ro", uri=True) as store:
        rows = store.execute(
            "SELECT time_ns, tags, field, coalesce(text, number) FROM points "
            "WHERE measurement = 'ha_events' ORDER BY time_ns"
        )
        for time_ns, tags, field, value in rows:
            found.setdefault(time_ns, json.loads(tags))[field] = value
    return list(found.values())


def token_of_a_user(home: HomeAssistant) -> str:
    """Make a user who is no administrator; return an access token."""
    made = home.ask("config/auth/create", name="guest", group_ids=["system-users"])
    login = {"username": "guest", "password": "guest-password"}
    kind = "config/auth_provider/homeassistant/create"
    home.ask(kind, user_id=made["user"]["id"], **login)
    client = f"{home.url}/"
    handler = {"handler": ["homeassistant", None], "redirect_uri": client}
    flow = _post(f"{home.url}/auth/login_flow", {"client_id": client, **handler})
    step = f"{home.url}/auth/login_flow/{flow['flow_id']}"
    code = _post(step, {"client_id": client, **login})["result"]
    status, body = http_request(
        f"{home.url}/auth/token",
        method="POST",
        body=urllib.parse.urlencode(
            {"client_id": client, "code": code, "grant_type": "authorization_code"}
        ),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert status == 200, body
    return str(json.loads(body)["access_token"])


def _post(url: str, body: dict[str, Any]) -> Any:
    json_type = {"Content-Type": "application/json"}
    status, answer = http_request(
        url, method="POST", body=json.dumps(body), headers=json_type
    )
    assert status == 200, answer
    return json.loads(answer)


def test_an_administrators_token_gives_them(
    home_assistant: HomeAssistant, tmp_path: Path
) -> None:
    """A service call and an own event are points, with their context."""
    home = home_assistant
    hiq = HiqServe(
        tmp_path / "hiq", SETTINGS, HA_HTTP_URL=home.url, HA_TOKEN=home.token
    )
    hiq.launch()
    try:
        until("ready", hiq.ready)
        home.ask("fire_event", event_type="hiq_test_event", event_data={"a": [1, "é"]})
        home.call_service("homeassistant", "update_entity", {"entity_id": "sun.sun"})
        found = until("both are stored", lambda: _two(points(hiq)))
        assert found["hiq_test_event"]["data"] == '{"a":[1,"é"]}'
        call = found["call_service"]
        assert (call["domain"], call["service"]) == ("homeassistant", "update_entity")
        assert call["context_id"]
        assert call["context_user_id"]
        assert hiq.get("/health")[1]["status"] == "healthy"
        status = hiq.status()
        assert status["imbalance"] == 0
    finally:
        hiq.stop()


def _two(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]] | None:
    by_type = {point["event_type"]: point for point in found}
    return by_type if len(by_type) == 2 else None


def test_the_token_of_a_user_does_not_and_it_is_said(
    home_assistant: HomeAssistant, tmp_path: Path
) -> None:
    """State changes are stored all the same."""
    home = home_assistant
    token = token_of_a_user(home)
    hiq = HiqServe(tmp_path / "hiq", SETTINGS, HA_HTTP_URL=home.url, HA_TOKEN=token)
    hiq.launch()
    try:
        until("ready", hiq.ready)
        health = until(
            "it is said",
            lambda: (found := hiq.get("/health")[1])["status"] == "degraded" and found,
        )
        text = json.dumps(health)
        assert "call_service (needs the token of an administrator)" in text
        assert "hiq_test_event (needs the token of an administrator)" in text
        home.set_state("sensor.hiq_other", "1", {})
        until("states are stored", lambda: hiq.status()["accepted"] > 0)
        assert points(hiq) == []
    finally:
        hiq.stop()
