"""What `hiq check` asks Home Assistant: reach it, log in, look, change nothing.

Uses aiohttp's WebSocket and not the service's own connection: a second implementation
tells whether a fault lies in hiq or on the way. It waits at most `DEADLINE_S` for each
answer, and stops at the first thing without which the rest makes no sense.
"""

from __future__ import annotations

import asyncio
import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from hiq.errors import AuthError, CommandError, ConnectionLost
from hiq.ha.opening import tls_context
from hiq.ha.token import read_token
from hiq.sink.base import Check
from hiq.words import said_by_system

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.ha.locate import Candidate

__all__ = ["check_home", "clock_row"]

DEADLINE_S = 15.0
SKEW_S = 5.0
ASK_FOR_A_NEW_ONE = (
    "make a new one: in Home Assistant click your name, Security, Long-lived access "
    "tokens, and put it where hiq reads it"
)


async def check_home(
    candidate: Candidate, *, clock: Callable[[], float]
) -> list[Check]:
    """Return the findings about one Home Assistant.

    Args:
        candidate: where it is and how to log in.
        clock: Unix seconds.
    """
    rows: list[Check] = []
    try:
        token = read_token(candidate)
    except AuthError as exc:
        return [Check("token", ok=False, detail=exc.message, advice=ASK_FOR_A_NEW_ONE)]
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=DEADLINE_S)
        ) as session:
            await _talk(session, candidate, token, rows, clock)
    except (AuthError, CommandError) as exc:
        advice = ASK_FOR_A_NEW_ONE if isinstance(exc, AuthError) else "look at its log"
        rows.append(Check("login", ok=False, detail=exc.message, advice=advice))
    except (ConnectionLost, aiohttp.ClientError, OSError, TimeoutError) as exc:
        detail = _why(exc)
        rows.append(
            Check(
                "connection" if rows else "reachable",
                ok=False,
                detail=f"{candidate.url}: {detail}",
                advice="is Home Assistant running, and are home_assistant.url, "
                "network and firewall right?",
            )
        )
    return rows


def _why(error: Exception) -> str:
    """Return why nobody could be talked to."""
    if isinstance(error, TimeoutError):
        return f"no answer within {DEADLINE_S:g} s"
    plain = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError)
    if isinstance(error, plain) and type(error) in plain:  # those of TLS say more
        return said_by_system(error.os_error)
    return str(error) or type(error).__name__


async def _talk(
    session: aiohttp.ClientSession,
    candidate: Candidate,
    token: str,
    rows: list[Check],
    clock: Callable[[], float],
) -> None:
    """Hold the whole conversation, adding a row for each finding."""
    tls: Any = True
    if candidate.url.startswith("wss:"):
        tls = tls_context(verify=candidate.verify_ssl, ca_cert=candidate.ca_cert)
    async with asyncio.timeout(DEADLINE_S):
        socket = await session.ws_connect(
            candidate.url,
            ssl=tls,
            max_msg_size=candidate.max_message_bytes,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        )
    async with socket:
        talk = _Talk(socket)
        first = await talk.receive()
        if first.get("type") != "auth_required":
            raise ConnectionLost("this is not Home Assistant's WebSocket API")
        rows.append(Check("reachable", ok=True, detail=candidate.url))
        version = await talk.log_in(token)
        rows.append(Check("login", ok=True, detail=f"Home Assistant {version}"))
        rows.append(await _user_row(talk))
        rows.append(await _states_row(talk))
        rows.append(await _recorder_row(talk))
        config = await talk.ask("get_config") or {}
        if "influxdb" in config.get("components", ()):
            rows.append(
                Check(
                    "other writer",
                    ok=True,
                    detail="Home Assistant's own influxdb integration runs too",
                    advice="harmless: both write the same points; remove it when hiq "
                    "does its work",
                )
            )
    before = clock()
    address = candidate.url.replace("ws", "http", 1)
    async with (
        asyncio.timeout(DEADLINE_S),
        session.get(address, ssl=tls, allow_redirects=False) as answer,
    ):
        rows.append(clock_row(answer.headers.get("Date", ""), before, clock()))


class _Talk:
    """Commands and their answers, one at a time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0

    async def receive(self) -> dict[str, Any]:
        """Return the next message; ConnectionLost if there will be none."""
        async with asyncio.timeout(DEADLINE_S):
            message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            code = self._socket.close_code
            raise ConnectionLost("the connection was closed", code)
        try:
            content = json.loads(message.data)
        except ValueError as exc:
            raise ConnectionLost("this does not speak JSON") from exc
        return content if isinstance(content, dict) else {}

    async def log_in(self, token: str) -> str:
        """Return the version of Home Assistant; AuthError if it refuses."""
        await self._socket.send_json({"type": "auth", "access_token": token})
        answer = await self.receive()
        if answer.get("type") != "auth_ok":
            raise AuthError(str(answer.get("message", "no reason given")))
        return str(answer.get("ha_version", ""))

    async def ask(self, kind: str) -> Any:
        """Return the result of a command, None if it was refused."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "type": kind})
        while True:
            answer = await self.receive()
            if answer.get("id") == self._number and answer.get("type") == "result":
                return answer.get("result") if answer.get("success") else None


async def _user_row(talk: _Talk) -> Check:
    user = await talk.ask("auth/current_user") or {}
    name = user.get("name") or "unknown"
    if user.get("is_admin"):
        return Check("permissions", ok=True, detail=f"user {name}, administrator")
    return Check(
        "permissions",
        ok=True,
        detail=f"user {name}, no administrator",
        advice="entities hidden from this user never arrive; registries may be refused",
    )


async def _states_row(talk: _Talk) -> Check:
    states = await talk.ask("get_states")
    if not states:
        return Check(
            "states",
            ok=False,
            detail="no entity can be read",
            advice="give the user of the token permission to read entities",
        )
    shown = next((s for s in states if s.get("entity_id") == "sun.sun"), states[0])
    text = str(shown.get("state"))[:40]
    detail = f"{len(states)} entities, for example {shown.get('entity_id')} = {text}"
    entries = await talk.ask("config/entity_registry/list") or []
    seen = {state.get("entity_id") for state in states}
    missing = sum(
        1
        for entry in entries
        if entry.get("disabled_by") is None and entry.get("entity_id") not in seen
    )
    advice = ""
    if missing:
        advice = (
            f"{missing} enabled entities of the registry have no state for this user"
        )
    return Check("states", ok=True, detail=detail, advice=advice)


async def _recorder_row(talk: _Talk) -> Check:
    info = await talk.ask("recorder/info")
    if info and info.get("recording"):
        return Check("recorder", ok=True, detail="records")
    return Check(
        "recorder",
        ok=True,
        detail="off" if info is None else "not recording now",
        advice="what happens while hiq is not connected cannot be fetched afterwards",
    )


def clock_row(date: str, before: float, after: float) -> Check:
    """Return how far two clocks are apart, from a Date header (RFC 9110, 6.6.1)."""
    try:
        there = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return Check("clock", ok=True, detail="Home Assistant does not tell its time")
    # The header names a whole second, which began up to a second before the answer.
    skew = there + 0.5 - (before + after) / 2
    detail = f"Home Assistant is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) <= SKEW_S:
        return Check("clock", ok=True, detail="both clocks agree")
    return Check(
        "clock",
        ok=False,
        detail=detail,
        advice="set both clocks by NTP; points carry the time of Home Assistant",
    )
