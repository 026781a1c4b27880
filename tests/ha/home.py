"""A scripted Home Assistant: answers as told, remembers every connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from hiq.ha.registries import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "t" * 40
STATE = (
    '{"entity_id":"%s","state":"%s","attributes":{},'
    '"last_changed":"2026-11-20T10:00:%02d+00:00",'
    '"last_updated":"2026-11-20T10:00:%02d+00:00",'
    '"context":{"id":"c","parent_id":null,"user_id":null}}'
)


def state(entity_id: str, text: str, second: int = 0) -> str:
    """One state as JSON."""
    return STATE % (entity_id, text, second, second)


def event(entity_id: str, text: str, second: int = 0, number: int = 3) -> str:
    """One state_changed message as JSON."""
    return (
        '{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":'
        f'"{entity_id}","old_state":null,"new_state":{state(entity_id, text, second)}}}'
        f',"origin":"LOCAL","time_fired":"2026-11-20T10:00:{second:02d}+00:00",'
        f'"context":{{"id":"c","parent_id":null,"user_id":null}}}},"id":{number}}}'
    )


def kind_of(command: dict[str, Any]) -> str:
    """Its type; subscriptions to other events than states are kinds of their own."""
    event_type = command.get("event_type", "state_changed")
    kind: str = command["type"]
    return kind if event_type == "state_changed" else f"{kind} {event_type}"


class Home:
    """What it answers can be changed at any time.

    - `answers`: command type -> JSON text of the result, or a refusal's code after
      `!`, or None for silence.
    - `after`: command type -> texts sent right behind the answer, in one frame with it.
    - `commands`: what each connection asked, oldest connection first.
    """

    def __init__(self) -> None:
        self.answers: dict[str, str | None] = {
            **dict.fromkeys(Registry, "[]"),
            "get_config": '{"state":"RUNNING","version":"2024.3.3"}',
            "get_states": "[]",
        }
        self.after: dict[str, list[str]] = {}
        self.tokens = {TOKEN}
        self.greeting: str | None = '{"type":"auth_required","ha_version":"2024.3.3"}'
        self.commands: list[list[dict[str, Any]]] = []
        self.logins: list[str] = []
        self.sockets: deque[ServerConnection] = deque(maxlen=100)
        self.url = ""
        self._news = asyncio.Event()

    @property
    def socket(self) -> ServerConnection:
        """The connection made last."""
        return self.sockets[-1]

    def asked(self, kind: str) -> int:
        """How often a command was sent, over all connections."""
        return sum(kind_of(c) == kind for many in self.commands for c in many)

    async def until(self, kind: str, count: int = 1) -> None:
        """Wait until a command was sent so often."""
        async with asyncio.timeout(20):
            while self.asked(kind) < count:
                self._news.clear()
                await self._news.wait()

    async def serve_one(self, socket: ServerConnection) -> None:
        """Hold one conversation."""
        self.sockets.append(socket)
        self.commands.append([])
        with contextlib.suppress(ConnectionClosed):
            if self.greeting is not None:
                await socket.send(self.greeting)
            login = json.loads(await socket.recv())
            self.logins.append(login["access_token"])
            if login["access_token"] not in self.tokens:
                await socket.send('{"type":"auth_invalid","message":"Invalid"}')
                await socket.close()
                return
            await socket.send('{"type":"auth_ok","ha_version":"2024.3.3"}')
            async for text in socket:
                command = json.loads(text)
                self.commands[-1].append(command)
                await self._answer(socket, command)
                self._news.set()

    async def _answer(self, socket: ServerConnection, command: dict[str, Any]) -> None:
        kind, number = kind_of(command), command["id"]
        answer = self.answers.get(kind, "null")
        if answer is None:
            return
        if kind == "ping":
            text = f'{{"id":{number},"type":"pong"}}'
        elif answer.startswith("!"):
            text = (
                f'{{"id":{number},"type":"result","success":false,'
                f'"error":{{"code":"{answer[1:]}","message":"no"}}}}'
            )
        else:
            text = f'{{"id":{number},"type":"result","success":true,"result":{answer}}}'
        behind = self.after.get(kind, [])
        await socket.send(f"[{','.join([text, *behind])}]" if behind else text)


@contextlib.asynccontextmanager
async def scripted_home() -> AsyncIterator[Home]:
    """Serve one on a free port."""
    home = Home()
    async with serve(
        home.serve_one, "127.0.0.1", 0, compression=None, close_timeout=1
    ) as server:
        home.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield home
