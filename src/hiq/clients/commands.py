"""What each command does, once it is known to be well-formed and allowed to be asked.

Each returns None when it has answered, or the fault that is the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hiq.clients import frames
from hiq.clients.clocks import moment
from hiq.clients.denied import Denied
from hiq.clients.globs import is_glob
from hiq.clients.reading import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.clients.protocol import Conversation
    from hiq.clients.state import Refused

__all__ = ["Commands"]


class Commands:
    """The commands of one conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._it = conversation
        self._table: dict[type[Any], Callable[[Any], Fault | None]] = {
            frames.Subscribe: self._subscribe,
            frames.Unsubscribe: self._unsubscribe,
            frames.Ack: self._ack,
            frames.Resume: self._resume,
            frames.Ping: self._ping,
            frames.GetStatus: self._get_status,
            frames.GetCurrentState: self._get_current_state,
            frames.StateUpdate: self._state_update,
            frames.PartialStateUpdate: self._partial_state_update,
            frames.AuthRefresh: self._auth_refresh,
        }

    def execute(self, frame: Any) -> Fault | None:
        """Do what a frame asks for."""
        return self._table[type(frame)](frame)

    # subscriptions

    def _subscribe(self, frame: frames.Subscribe) -> Fault | None:
        it = self._it
        wrong = self._forbidden(frame.filter)
        if wrong:
            return Fault("FORBIDDEN", wrong, None, frame.id)
        name = it.session.subscriptions.add(frame.filter)
        if name is None:
            most = it.hub.rules.subscriptions
            return Fault(
                "TOO_MANY_SUBSCRIPTIONS",
                f"A session has at most {most} subscriptions",
                None,
                frame.id,
            )
        it.hub.changed(it.session)
        it.done(frame.id, {"subscription": name})
        it.session.informed = False
        it.hub.informing.inform(it.session, it)
        return None

    def _forbidden(self, wanted: frames.Filter) -> str | None:
        """Return which part of a filter the token does not allow."""
        scopes = self._it.principal.scopes
        if "read" not in scopes.words:
            return "The token does not allow to read events"
        if wanted.alerts and "alerts" not in scopes.words:
            return "The token does not allow to read alerts"
        for name in wanted.event_types:
            if scopes.event_types is not None and name not in scopes.event_types:
                return f"The token does not allow events of the type {name[:50]!r}"
        for name in wanted.entities:
            types = scopes.event_types or ("",)
            if not is_glob(name) and not any(scopes.event(t, name) for t in types):
                return f"The token does not allow the entity {name[:50]!r}"
        return None

    def _unsubscribe(self, frame: frames.Unsubscribe) -> Fault | None:
        it = self._it
        if not it.session.subscriptions.remove(frame.subscription):
            return Fault(
                "UNKNOWN_SUBSCRIPTION",
                f"There is no subscription {frame.subscription[:50]!r} in this session",
                "/subscription",
                frame.id,
            )
        it.hub.changed(it.session)
        it.done(frame.id, {"subscription": frame.subscription})
        return None

    # delivery

    def _ack(self, frame: frames.Ack) -> Fault | None:
        it = self._it
        if not it.session.outbox.ack(frame.seq, it.clocks.steady()):
            return self._invalid_ack(frame.seq, frame.id, "/seq")
        it.hub.acked(it.session)
        if frame.id is not None:
            it.done(frame.id, {"acked": it.session.outbox.acked})
        return None

    def _invalid_ack(self, seq: int, frame_id: Any, field: str) -> Fault:
        return Fault(
            "INVALID_ACK", f"Number {seq} was never sent here", field, frame_id
        )

    def _resume(self, frame: frames.Resume) -> Fault | None:
        it = self._it
        found = it.hub.sessions.find(it.principal.sub, frame.session)
        if found is False or (
            found is not None
            and not isinstance(found, bool)
            and found.scopes != it.principal.scopes
        ):
            return Fault(
                "FORBIDDEN", "This session is not one of yours", "/session", frame.id
            )
        if found is None or isinstance(found, bool):
            self._gone(frame)
            return None
        if not found.outbox.may_ack(frame.last_seq):
            return self._invalid_ack(frame.last_seq, frame.id, "/last_seq")
        if found is not it.session:
            fresh = it.session
            mine = fresh.peer is it  # else another connection has taken it over
            if mine:
                fresh.peer = None
            if found.peer is not None:
                found.peer.taken_over()
            it.session = found
            it.told = 0
            found.peer = it
            if mine and not len(fresh.subscriptions):
                it.hub.sessions.remove(fresh)
            elif mine:
                it.hub.left(fresh, it.clocks.steady())
        replayed = found.outbox.attach(frame.last_seq)
        it.hub.acked(found)
        it.hub.changed(found)
        it.done(
            frame.id,
            {
                "resumed": True,
                "replayed": replayed,
                "session": found.id,
                "last_seq": found.outbox.last_seq,
                "subscriptions": [name for name, _ in found.subscriptions.items],
            },
        )
        it.say_snapshot()
        it.hub.informing.inform(found, it, shown=True)
        return None

    def _gone(self, frame: frames.Resume) -> None:
        """Say that a session is gone, and what that means for its client."""
        it = self._it
        it.done(
            frame.id,
            {"resumed": False, "session": it.session.id, "replayed": 0},
        )
        it.say(
            "gap",
            **{"from": frame.last_seq + 1},
            to=None,
            count=None,
            reason="session_expired",
        )
        self._resync("replay_impossible")

    def _resync(self, reason: str) -> None:
        document = self._it.user.document
        self._it.say(
            "state_resync",
            version=document.version,
            state=document.state,
            reason=reason,
        )

    # questions

    def _ping(self, frame: frames.Ping) -> Fault | None:
        it = self._it
        it.say("pong", id=frame.id, timestamp=moment(it.clocks.wall()))
        return None

    def _get_status(self, frame: frames.GetStatus) -> Fault | None:
        it = self._it
        session = it.session
        if frame.event_id is not None:
            fate = session.outbox.fate(frame.event_id)
            if fate is None:
                return Fault(
                    "INVALID_FIELD",
                    "This event is not known in this session (any more)",
                    "/event_id",
                    frame.id,
                )
            it.done(
                frame.id,
                {
                    "event_id": frame.event_id,
                    "seq": fate.seq,
                    "status": fate.status,
                    "attempts": fate.attempts,
                    "sent_at": self._moment(fate.sent_s),
                    "confirmed_at": self._moment(fate.confirmed_s),
                },
            )
            return None
        outbox = session.outbox
        it.done(
            frame.id,
            {
                "connection_id": it.id,
                "user": it.principal.sub,
                "session": session.id,
                "state": it.life.state.value,
                "subscriptions": [name for name, _ in session.subscriptions.items],
                "last_seq": outbox.last_seq,
                "acked": outbox.acked,
                "pending": len(outbox),
                "dropped": outbox.delivered.counts.dropped,
                "frames_received": it.received,
                "frames_sent": it.sent_frames,
                "delivery": {
                    "tracked": len(outbox) + len(outbox.delivered),
                    **outbox.delivered.counts.figures(),
                },
            },
        )
        return None

    def _moment(self, steady_s: float | None) -> str | None:
        if steady_s is None:
            return None
        clocks = self._it.clocks
        return moment(clocks.wall() - clocks.steady() + steady_s)

    # the document

    def _get_current_state(self, frame: frames.GetCurrentState) -> Fault | None:
        it = self._it
        document = it.user.document
        it.say(
            "current_state",
            id=frame.id,
            version=document.version,
            state=document.state,
        )
        return None

    def _state_update(self, frame: frames.StateUpdate) -> Fault | None:
        it = self._it
        if fault := self._may_not_write(frame.id):
            return fault
        document = it.user.document
        refused = document.replace(frame.version, frame.state)
        if refused is not None:
            return self._refused(refused, frame)
        it.done(frame.id, {"version": document.version})
        whole = [{"op": "replace", "path": "", "value": document.state}]
        it.hub.written_document(it.user, whole, it.id)
        return None

    def _partial_state_update(self, frame: frames.PartialStateUpdate) -> Fault | None:
        it = self._it
        if fault := self._may_not_write(frame.id):
            return fault
        document = it.user.document
        refused = document.patch(frame.version, frame.patch)
        if refused is not None:
            return self._refused(refused, frame)
        it.say("partial_update_applied", id=frame.id, version=document.version)
        it.hub.written_document(it.user, frame.patch, it.id)
        return None

    def _may_not_write(self, frame_id: Any) -> Fault | None:
        if "control" in self._it.principal.scopes.words:
            return None
        return Fault(
            "FORBIDDEN", "The token does not allow to change anything", None, frame_id
        )

    def _refused(
        self, refused: Refused, frame: frames.StateUpdate | frames.PartialStateUpdate
    ) -> Fault | None:
        it = self._it
        if refused.code != "VERSION_CONFLICT":
            return Fault(refused.code, refused.message, None, frame.id)
        it.say(
            "version_conflict",
            id=frame.id,
            client_version=frame.version,
            server_version=it.user.document.version,
            resolution="resync_required",
        )
        return None

    # the token

    def _auth_refresh(self, frame: frames.AuthRefresh) -> Fault | None:
        it = self._it
        found = it.verify(frame.token)
        if isinstance(found, Denied):
            code = "TOKEN_EXPIRED" if found.code == "TOKEN_EXPIRED" else "FORBIDDEN"
            return Fault(
                code,
                f"The new token is refused, the old one still counts: {found.code}",
                "/token",
                frame.id,
            )
        if found.sub != it.principal.sub or found.scopes != it.principal.scopes:
            return Fault(
                "FORBIDDEN",
                "The new token is of another user or allows something else",
                "/token",
                frame.id,
            )
        it.refreshed(found)
        it.done(frame.id, {"refreshed": True})
        return None
