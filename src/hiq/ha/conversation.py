"""One connection and its session, driven until it ends.

Bytes go from the connection to a feed (the pipeline), what the feed passes on goes to
the session, and what the session wants goes back out. Deadlines and pings are kept
here. The states at connect are fed in the order of the stream: while they go in slice
by slice, live frames of the same read wait and the socket is not read. Not known here:
other connections, databases, statistics.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from hiq.backoff import wait
from hiq.errors import ConnectionLost
from hiq.ha.connection import Connection
from hiq.ha.events import StatesReceived
from hiq.ha.listening import Lane
from hiq.ha.messages import split
from hiq.ha.opening import tls_context
from hiq.ha.session import Session, Timing
from hiq.ha.snapshot import snapshot_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msgspec import Raw

    from hiq.ha.commands import Question
    from hiq.ha.events import SessionEvent
    from hiq.ha.feed import Feed, Payload
    from hiq.ha.locate import Candidate

__all__ = ["CONNECT_S", "Conversation"]

CONNECT_S = 10.0


class Conversation:
    """Everything between connecting to Home Assistant and losing it again.

    - `run` returns only after `stop`; any other end is raised.
    - `on_event` is called for each event of the session, synchronously; what it
      raises ends the conversation.
    - `on_batch_end` is called once per read of the socket, and per slice of states.
    - While `paused`, no deadline passes: a pong that we do not read is not late.
    """

    def __init__(
        self,
        feed: Feed,
        on_event: Callable[[SessionEvent], object],
        on_batch_end: Callable[[], object],
        *,
        clock: Callable[[], float],
        timing: Timing | None = None,
    ) -> None:
        self._feed = feed
        self._on_event = on_event
        self._on_batch_end = on_batch_end
        self._clock = clock
        self._timing = Timing() if timing is None else timing
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._wake = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._paused_at = 0.0
        self._stopping = False
        self._snapshots: list[list[Raw]] = []
        self._held: list[bytes] = []

    @property
    def paused(self) -> bool:
        """Whether reading is paused from outside."""
        return not self._open.is_set()

    async def run(
        self,
        candidate: Candidate,
        token: str,
        *,
        event_types: tuple[str, ...],
        synchronise: bool = True,
        questions: tuple[Question, ...] = (),
        hold_s: float = 0.0,
    ) -> None:
        """Connect, log in, subscribe and read for ever.

        The questions are asked at the begin; with `hold_s` the subscription waits so
        long for `release`.

        Raises:
            AuthError: the token was refused.
            ConnectionLost: no connection, or it ended, or a deadline passed.
            ProtocolError, CommandError: Home Assistant did what it should not.
        """
        tls = None
        if candidate.url.startswith("wss:"):
            tls = tls_context(verify=candidate.verify_ssl, ca_cert=candidate.ca_cert)
        connection = Connection(
            self._on_message,
            self._on_batch_end,
            self._wake.set,
            max_message_bytes=candidate.max_message_bytes,
            lane=self._lane(),
        )
        self._session = Session(
            token,
            self._clock(),
            event_types=event_types,
            synchronise=synchronise,
            timing=self._timing,
            questions=questions,
            hold_s=hold_s,
        )
        self._connection = connection
        self._apply_pause()
        self._steer()
        try:
            await connection.open(candidate.url, tls=tls, deadline_s=CONNECT_S)
            await self._drive(connection, self._session)
        except ConnectionLost:
            await connection.close(0.0)  # who has gone silent says no goodbye either
            raise
        finally:
            await connection.close()
            self._connection = None

    def stop(self) -> None:
        """Let `run` return soon; no further frame is fed from now on."""
        self._stopping = True
        self._open.set()
        self._wake.set()
        if self._connection is not None:
            self._connection.abandon()

    def pause(self) -> None:
        """Stop reading the socket, until `resume`."""
        if self._open.is_set():
            self._open.clear()
            self._paused_at = self._clock()
            self._apply_pause()

    def resume(self) -> None:
        """Read again; deadlines move by the time that was paused."""
        if not self._open.is_set():
            self._open.set()
            if self._session is not None:
                self._session.postpone(self._clock() - self._paused_at)
            self._apply_pause()
            self._wake.set()

    def ask(self, question: Question) -> bool:
        """Ask something; the answer is an event. False: nothing can be asked now."""
        session = self._session
        if session is None or not session.ask(question, self._clock()):
            return False
        self._send()
        self._wake.set()  # deadlines have changed
        return True

    def release(self) -> None:
        """Let the subscription go that was held."""
        if self._session is not None:
            self._session.release(self._clock())
            self._send()
            self._wake.set()

    # inside

    async def _drive(self, connection: Connection, session: Session) -> None:
        """Wait for messages, deadlines and the end, whichever is first."""
        while not self._stopping:
            if connection.ended:
                await connection.wait()
                return
            if self._snapshots:
                await self._feed_snapshot()
            due = self._timing.ping_interval_s
            if not self.paused:
                session.receive_time(self._clock())
                self._tell(session)
                due = session.next_deadline() - self._clock()
            await wait(self._wake, due)
            self._wake.clear()

    def _on_message(self, payload: Payload) -> None:
        """Take a frame from the socket."""
        session = self._session
        if self._stopping or session is None:
            return
        if self._snapshots or self._held:
            self._held.append(bytes(payload))
        elif session.expects_states:
            self._take_apart(payload)
        else:
            self._take(payload)

    def _take_apart(self, payload: Payload) -> None:
        """Take a frame that may hold all states, message by message.

        Events behind the states in the same frame must be fed behind them.
        """
        try:
            pieces = [bytes(piece) for piece in split(payload)]
        except msgspec.DecodeError:
            pieces = [bytes(payload)]
        for position, piece in enumerate(pieces):
            self._take(piece)
            if self._snapshots:
                self._held = pieces[position + 1 :]
                return

    def _take(self, payload: Payload) -> None:
        """Feed one frame and act on the messages in it that are no state events."""
        passed = self._feed(payload, snapshot=False)
        if passed:
            self._pass_on(passed)

    def _pass_on(self, passed: Sequence[bytes]) -> None:
        """Act on the messages of a frame that are no state events."""
        session = self._session
        if session is None:
            return
        for message in passed:
            session.receive_message(message, self._clock())
        self._wake.set()  # deadlines may have changed
        self._tell(session)

    def _tell(self, session: Session) -> None:
        """Hand on what happened, and say what the session wants to say."""
        for event in session.events_received():
            if isinstance(event, StatesReceived):
                self._snapshots.append(event.states)
                self._apply_pause()
            self._on_event(event)
        self._steer()
        self._send()

    def _lane(self) -> Lane | None:
        """Return the short way into the pipeline, if it is one that has it."""
        feed = self._feed
        if feed.compiled is None:
            return None
        return Lane(
            feed.compiled, feed.add, feed.on_full, self._pass_on, feed.gathering
        )

    def _steer(self) -> None:
        """Let frames go the short way unless their order needs care."""
        if self._connection is not None and self._session is not None:
            waits = self._snapshots or self._held or self._session.expects_states
            self._connection.direct = not waits and not self._stopping

    def _send(self) -> None:
        """Send what the session wants to say."""
        if self._session is None or self._connection is None:
            return
        for text in self._session.data_to_send():
            self._connection.send(text)
        waits = self._session.expects_answer  # it should not come later than it does
        self._connection.may_rest = not waits
        if waits:
            self._connection.rouse()

    async def _feed_snapshot(self) -> None:
        """Feed states in slices, then the frames that came behind them."""
        while self._snapshots:
            for frame in snapshot_frames(self._snapshots[0]):
                await self._open.wait()
                if self._stopping:
                    return
                self._feed(frame, snapshot=True)
                self._on_batch_end()
                await asyncio.sleep(0)
            del self._snapshots[0]
            held, self._held = self._held, []
            for payload in held:
                self._on_message(payload)
        self._steer()
        self._on_batch_end()
        self._apply_pause()

    def _apply_pause(self) -> None:
        """Read the socket unless someone is against it."""
        if self._connection is None:
            return
        if self.paused or self._snapshots:
            self._connection.pause_reading()
        else:
            self._connection.resume_reading()
