"""A connection of its own for questions to Home Assistant: rows of its recorder.

Answers of the history API are megabytes. On a connection of their own they never
stand in front of live events, and a client that is slow with them loses nothing. One
question is under way at a time, so Home Assistant is not flooded. What the rows are
for, and when to ask again, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hiq.errors import AuthError, CommandError, ConnectionLost, ProtocolError
from hiq.ha.commands import Command, auth, command
from hiq.ha.connection import Connection
from hiq.ha.history_rows import (
    decode_current,
    decode_info,
    decode_rows,
    iso,
    within,
)
from hiq.ha.home import Home
from hiq.ha.messages import ResultError, decode_config, decode_message
from hiq.ha.opening import tls_context
from hiq.ha.registries import Registry, rows_of
from hiq.ha.registries import decode_rows as decode_registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from msgspec import Raw

    from hiq.ha.feed import Payload
    from hiq.ha.history_rows import CurrentState, RecorderInfo, Row
    from hiq.ha.locate import Candidate
    from hiq.ha.messages import Message

__all__ = ["CONNECT_S", "QUESTION_S", "History", "connected"]

CONNECT_S: Final = 10.0
QUESTION_S: Final = 120.0
"""Longest wait for one answer: a recorder on an SD card may be slow."""
CANCEL_S: Final = 0.3
GOODBYE_S: Final = 0.3
MARGIN_US: Final = 1_000
"""How much more than a window is asked for, at each end."""


@asynccontextmanager
async def connected(
    candidate: Candidate, token: str, *, question_s: float = QUESTION_S
) -> AsyncIterator[History]:
    """Connect, log in, and close at the end.

    Raises:
        AuthError: the token was refused.
        ConnectionLost, ProtocolError: no connection, or it was lost.
    """
    history = History(candidate, token, question_s)
    try:
        await history.open()
        yield history
    finally:
        await history.close()


class History:
    """One logged-in connection; made by `connected`.

    - Every method asks one question and waits for its answer, within a deadline.
    - CommandError: Home Assistant refuses, `unknown_command` where the integration
      (`history`, `recorder`) is not there. ConnectionLost: the connection is of no
      use any more. ProtocolError: the answer has not the form that is known.
    - `answer_bytes`: size of the last answer.
    """

    def __init__(
        self, candidate: Candidate, token: str, question_s: float = QUESTION_S
    ) -> None:
        self.answer_bytes = 0
        self._candidate = candidate
        self._token = token
        self._question_s = question_s
        self._asking = asyncio.Lock()
        self._next_id = 1
        self._waits_for: int | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._connection = self._fresh()

    async def open(self) -> None:
        """Connect and log in."""
        candidate = self._candidate
        tls = None
        if candidate.url.startswith("wss:"):
            tls = tls_context(verify=candidate.verify_ssl, ca_cert=candidate.ca_cert)
        greeting = self._expect(None)
        opening = asyncio.ensure_future(
            self._connection.open(candidate.url, tls=tls, deadline_s=CONNECT_S)
        )
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            # What is half open cannot be closed: let it open, `close` comes next.
            await asyncio.wait([opening], timeout=CANCEL_S)
            opening.cancel()
            raise
        message = await self._wait_for(greeting, "the greeting")
        if message.type != "auth_required":
            raise ProtocolError(
                f"{message.type[:40]!r} at log-in; is it Home Assistant?"
            )
        verdict = self._expect(None)
        self._connection.send(auth(self._token))
        message = await self._wait_for(verdict, "the answer to the token")
        if message.type == "auth_invalid":
            raise AuthError(message.message)
        if message.type != "auth_ok":
            raise ProtocolError(f"{message.type[:40]!r} in answer to the token")

    async def reopen(self) -> None:
        """Connect and log in again, after the connection was lost."""
        await self.close()
        self._connection = self._fresh()
        self._next_id = 1
        await self.open()

    async def close(self) -> None:
        """End the connection; twice is fine."""
        await self._connection.close(GOODBYE_S)

    # questions

    async def rows(
        self, entity_ids: Sequence[str], after_us: int, until_us: int | None = None
    ) -> dict[str, list[Row]]:
        """Return every row of these entities with `after_us < time <= until_us`.

        Rows of windows that follow each other neither overlap nor leave a hole.
        Without `until_us`: all that is committed. Entities without rows are left
        out; rows without a state (removals) are in.
        """
        if not entity_ids:
            return {}
        arguments: dict[str, Any] = {
            "start_time": iso(after_us - MARGIN_US),
            "entity_ids": list(entity_ids),
            "include_start_time_state": False,
            "significant_changes_only": False,
            "minimal_response": False,
            "no_attributes": False,
        }
        if until_us is not None:
            arguments["end_time"] = iso(until_us + MARGIN_US)
        result = await self.ask(Command.HISTORY, **arguments)
        try:
            return within(decode_rows(result), after_us, until_us)
        except msgspec.DecodeError as exc:
            raise _unreadable(Command.HISTORY, exc) from exc

    async def states(self) -> list[CurrentState]:
        """Return the present state of every entity, as `get_states` has it."""
        result = await self.ask(Command.GET_STATES)
        try:
            return decode_current(result)
        except msgspec.DecodeError as exc:
            raise _unreadable(Command.GET_STATES, exc) from exc

    async def home(self) -> Home:
        """Return what the registries say; of all but the entities they may be refused.

        Older versions have no floors and labels; without them there are no such tags.
        """
        home = Home()
        for registry in Registry:
            try:
                result = await self.ask(registry)
            except CommandError:
                if registry is Registry.ENTITIES:
                    raise
                continue
            try:
                rows, _ = decode_registry(registry, rows_of(result))
            except msgspec.DecodeError as exc:
                raise _unreadable(registry, exc) from exc
            home = home.with_rows(registry, rows)
        return home

    async def running(self) -> bool:
        """Return whether Home Assistant has finished starting."""
        result = await self.ask(Command.GET_CONFIG)
        try:
            return decode_config(result).running
        except msgspec.DecodeError as exc:
            raise _unreadable(Command.GET_CONFIG, exc) from exc

    async def info(self) -> RecorderInfo:
        """Return whether the recorder works; CommandError if there is none."""
        result = await self.ask(Command.RECORDER_INFO)
        try:
            return decode_info(result)
        except msgspec.DecodeError as exc:
            raise _unreadable(Command.RECORDER_INFO, exc) from exc

    async def ask(self, name: Command | Registry, **arguments: Any) -> Raw:
        """Ask any question; return the result as bytes."""
        async with self._asking:
            number = self._next_id
            self._next_id += 1
            answer = self._expect(number)
            self._connection.send(command(number, name, **arguments))
            message = await self._wait_for(answer, name)
        if not message.success:
            error = message.error or ResultError()
            raise CommandError(name, error.code, error.message)
        return message.result

    # inside

    def _fresh(self) -> Connection:
        return Connection(
            self._on_message,
            lambda: None,
            self._on_end,
            max_message_bytes=self._candidate.max_message_bytes,
        )

    def _expect(self, number: int | None) -> asyncio.Future[bytes]:
        """Make the next message with this id the answer."""
        self._waits_for = number
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    async def _wait_for(self, answer: asyncio.Future[bytes], what: str) -> Message:
        """Wait for the answer and decode its envelope."""
        if self._connection.ended:
            await self._lost()
        try:
            async with asyncio.timeout(self._question_s):
                text = await answer
        except TimeoutError as exc:
            await self.close()
            reason = f"no answer to {what} in {self._question_s:g} s"
            raise ConnectionLost(reason) from exc
        finally:
            self._answer = None
        if not text:
            await self._lost()
        self.answer_bytes = len(text)
        try:
            return decode_message(text)
        except msgspec.DecodeError as exc:
            raise ProtocolError(f"no message of Home Assistant: {exc}") from exc

    async def _lost(self) -> None:
        """Raise why the connection has ended."""
        await self._connection.wait()
        raise ConnectionLost("the connection was closed")

    def _on_message(self, payload: Payload) -> None:
        """Keep a message if somebody waits for it; late answers are dropped."""
        answer = self._answer
        if answer is None or answer.done():
            return
        text = bytes(payload)
        if self._waits_for is not None:
            message = decode_message(text)
            if message.number != self._waits_for:
                return
        answer.set_result(text)

    def _on_end(self) -> None:
        """Wake who waits: an empty answer means that there is none."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(b"")


def _unreadable(name: Command | Registry, exc: Exception) -> ProtocolError:
    return ProtocolError(f"the answer to {name} has a form that is not known: {exc}")
