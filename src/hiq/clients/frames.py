"""What clients send, as structs: their names, types and bounds are the schema.

Fields that nobody knows are ignored. docs/reference/client-protocol.md explains them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from msgspec import Meta, Struct

__all__ = [
    "TYPES",
    "Ack",
    "AuthRefresh",
    "ClientFrame",
    "Filter",
    "GetCurrentState",
    "GetStatus",
    "PartialStateUpdate",
    "Ping",
    "Resume",
    "StateUpdate",
    "Subscribe",
    "Unsubscribe",
]

Id: TypeAlias = Annotated[str, Meta(max_length=64)] | int | None
Name: TypeAlias = Annotated[str, Meta(max_length=255)]
Names: TypeAlias = Annotated[tuple[Name, ...], Meta(max_length=200)]
Sequence: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Version: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]


class Filter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which events: names in one list are OR, lists are AND, an empty one is all.

    Attributes:
        min_interval: least seconds between two events of one entity; the last of
            those in between comes when the time is over.
        alerts: alerts of the monitor too.
        written: tell when the database has what was sent.
    """

    event_types: Names = ()
    entities: Names = ()
    domains: Names = ()
    areas: Names = ()
    labels: Names = ()
    min_interval: Annotated[float, Meta(ge=0, le=86400)] = 0.0
    alerts: bool = False
    written: bool = False


class _Frame(Struct, frozen=True, kw_only=True, tag_field="type"):
    id: Id = None
    user: Any = None
    user_id: Any = None


class Subscribe(_Frame, frozen=True, kw_only=True, tag="subscribe"):
    """Send what a filter means, from now on."""

    filter: Filter = Filter()


class Unsubscribe(_Frame, frozen=True, kw_only=True, tag="unsubscribe"):
    """Do not send it any more."""

    subscription: Name


class Ack(_Frame, frozen=True, kw_only=True, tag="ack"):
    """Everything up to `seq` has arrived."""

    seq: Sequence


class Resume(_Frame, frozen=True, kw_only=True, tag="resume"):
    """Go on with an earlier session."""

    session: Name
    last_seq: Sequence


class Ping(_Frame, frozen=True, kw_only=True, tag="ping"):
    """Are you there?"""


class GetStatus(_Frame, frozen=True, kw_only=True, tag="get_status"):
    """How is this connection, or one event."""

    event_id: Name | None = None


class GetCurrentState(_Frame, frozen=True, kw_only=True, tag="get_current_state"):
    """Send the own document."""


class StateUpdate(_Frame, frozen=True, kw_only=True, tag="state_update"):
    """Replace the own document."""

    version: Version
    state: dict[str, Any]


class PartialStateUpdate(_Frame, frozen=True, kw_only=True, tag="partial_state_update"):
    """Change the own document by a JSON Patch (RFC 6902)."""

    version: Version
    patch: Annotated[tuple[dict[str, Any], ...], Meta(max_length=100)]


class AuthRefresh(_Frame, frozen=True, kw_only=True, tag="auth_refresh"):
    """A newer token of the same user."""

    token: str


ClientFrame: TypeAlias = (
    Subscribe
    | Unsubscribe
    | Ack
    | Resume
    | Ping
    | GetStatus
    | GetCurrentState
    | StateUpdate
    | PartialStateUpdate
    | AuthRefresh
)

TYPES: Final[dict[str, type[_Frame]]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        *(Subscribe, Unsubscribe, Ack, Resume, Ping, GetStatus, GetCurrentState),
        *(StateUpdate, PartialStateUpdate, AuthRefresh),
    )
}
