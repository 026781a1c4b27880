"""A real Home Assistant as a child process, and the few things tests ask of it.

The first start of a folder goes through onboarding and makes a long-lived access
token; later starts use the same. Questions go over REST and over `websockets`,
independent of hiq's own connection. All methods block.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.sync.client import ClientConnection, connect

from tests.servers.home_assistant import configuration
from tests.servers.process import Server, http_request

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = {"Content-Type": "application/json"}
IN_FLIGHT = 50


class HomeAssistant(Server):
    """Home Assistant of the environment `venv`, in `folder`.

    - `extra`: YAML added to its configuration, for example an `influxdb:` block.
    - `token`: a long-lived access token of an administrator, after the first start.
    """

    name = "home-assistant"
    ready_s = 180.0
    stop_s = 60.0

    def __init__(self, venv: Path, folder: Path, *, extra: str = "") -> None:
        super().__init__(folder)
        self._python = venv / "bin" / "python"
        self.token = ""
        configuration.write(folder / "config", self.port, extra)

    @property
    def websocket_url(self) -> str:
        """URL of the WebSocket API."""
        return f"ws://127.0.0.1:{self.port}/api/websocket"

    def command(self) -> Sequence[str]:
        """Return the command; --skip-pip keeps it off the network."""
        config = str(self.folder / "config")
        return [str(self._python), "-m", "homeassistant", "-c", config, "--skip-pip"]

    def start(self) -> None:
        """Start it and wait until it is RUNNING; onboard it the first time."""
        self.launch()
        if not self.token:
            self.wait(self._answers, self.ready_s, "answering")
            self.token = self._onboard()
            # it writes a second later; killed before, it would forget the token
            self.wait(self._token_is_kept, self.ready_s, "keeping its token")
        self.wait(self.ready, self.ready_s, "running")

    def ready(self) -> bool:
        """Return whether it says RUNNING."""
        status, body = self._http("GET", "/api/config", timeout=5)
        if status == 401:
            raise RuntimeError("home-assistant does not know its token any more")
        return status == 200 and json.loads(body)["state"] == "RUNNING"

    # questions and orders

    def call_service(
        self, domain: str, service: str, data: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Call a service and wait for its end; return the states it changed."""
        path = f"/api/services/{domain}/{service}"
        changed: list[dict[str, Any]] = self._json("POST", path, dict(data or {}))
        return changed

    def call_services(
        self, calls: Iterable[tuple[str, str, Mapping[str, Any]]]
    ) -> list[str]:
        """Call many services, in order, over one WebSocket; return the refusals.

        Each call is (domain, service, data); about a thousand a second.
        """
        refused = []
        with self.websocket() as socket:
            pending = 0
            for number, (domain, service, data) in enumerate(calls, 1):
                order = {"id": number, "type": "call_service", "domain": domain}
                order |= {"service": service, "service_data": dict(data)}
                socket.send(json.dumps(order))
                pending += 1
                if pending >= IN_FLIGHT:
                    refused += _refusal(socket)
                    pending -= 1
            for _ in range(pending):
                refused += _refusal(socket)
        return refused

    def states(self) -> list[dict[str, Any]]:
        """Return the state of every entity, as `get_states` has it."""
        states: list[dict[str, Any]] = self.ask("get_states")
        return states

    def set_state(
        self, entity_id: str, state: str, attributes: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Set a state over REST; return it."""
        body = {"state": state, "attributes": dict(attributes or {})}
        answer: dict[str, Any] = self._json("POST", f"/api/states/{entity_id}", body)
        return answer

    def fire(self, event_type: str, data: Mapping[str, Any] | None = None) -> None:
        """Fire an event over REST."""
        self._json("POST", f"/api/events/{event_type}", dict(data or {}))

    def remove_state(self, entity_id: str) -> None:
        """Remove a state over REST."""
        self._json("DELETE", f"/api/states/{entity_id}", None)

    def history(
        self,
        start: datetime,
        end: datetime | None = None,
        entity_ids: Sequence[str] | None = None,
    ) -> dict[str, list[dict[str, Any]]]:
        """Return every recorded row from `start` to `end`, attributes included.

        Without `entity_ids`: of all entities that have a state now. A row is
        `{"s": state, "a": attributes, "lu": seconds, "lc"?: seconds}`; its state is
        None where the entity was removed.
        """
        if entity_ids is None:
            entity_ids = [state["entity_id"] for state in self.states()]
        order = {
            "start_time": start.isoformat(),
            "entity_ids": list(entity_ids),
            "include_start_time_state": False,
            "significant_changes_only": False,
        }
        if end is not None:
            order["end_time"] = end.isoformat()
        rows: dict[str, list[dict[str, Any]]] = self.ask(
            "history/history_during_period", **order
        )
        return rows

    def ask(self, type_: str, **fields: Any) -> Any:
        """Send one WebSocket command on a fresh connection; return its result."""
        with self.websocket() as socket:
            socket.send(json.dumps({"id": 1, "type": type_, **fields}))
            answer = json.loads(socket.recv(timeout=60))
            if not answer["success"]:
                raise RuntimeError(f"{type_}: {answer['error']}")
            return answer["result"]

    @contextmanager
    def websocket(self, token: str | None = None) -> Iterator[ClientConnection]:
        """Open a connection to the WebSocket API and log in."""
        with connect(
            self.websocket_url, compression=None, max_size=None, proxy=None
        ) as socket:
            socket.recv(timeout=30)
            login = {"type": "auth", "access_token": token or self.token}
            socket.send(json.dumps(login))
            answer = json.loads(socket.recv(timeout=30))
            if answer["type"] != "auth_ok":
                raise RuntimeError(f"login: {answer}")
            yield socket

    # first login

    def _answers(self) -> bool:
        return http_request(f"{self.url}/api/onboarding", timeout=5)[0] == 200

    def _token_is_kept(self) -> bool:
        auth = self.folder / "config" / ".storage" / "auth"
        return b'"long_lived_access_token"' in auth.read_bytes()

    def _onboard(self) -> str:
        """Make the first user and return a long-lived access token."""
        client = f"{self.url}/"
        user = {
            "client_id": client,
            "language": "en",
            "name": "Test",
            "username": "test",
            "password": "test-password",
        }
        made = self._json("POST", "/api/onboarding/users", user)
        grant = {
            "client_id": client,
            "code": made["auth_code"],
            "grant_type": "authorization_code",
        }
        status, body = http_request(
            f"{self.url}/auth/token",
            method="POST",
            body=urllib.parse.urlencode(grant),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        if status != 200:
            raise RuntimeError(f"onboarding: {status} {body!r}")
        with self.websocket(json.loads(body)["access_token"]) as socket:
            order = {"id": 1, "type": "auth/long_lived_access_token"}
            order |= {"client_name": "tests", "lifespan": 3650}
            socket.send(json.dumps(order))
            answer = json.loads(socket.recv(timeout=30))
        return str(answer["result"])

    def _http(
        self, method: str, path: str, body: Any = None, timeout: float = 60.0
    ) -> tuple[int, bytes]:
        login = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body)
        url = f"{self.url}{path}"
        return http_request(
            url, method=method, body=data, headers={**JSON, **login}, timeout=timeout
        )

    def _json(self, method: str, path: str, body: Any) -> Any:
        status, answer = self._http(method, path, body)
        if status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {status} {answer[:500]!r}")
        return json.loads(answer)


def _refusal(socket: ClientConnection) -> list[str]:
    """Read one answer; return its error, if it has one."""
    answer = json.loads(socket.recv(timeout=60))
    return [] if answer["success"] else [str(answer["error"])]
