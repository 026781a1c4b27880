"""The numbers that clients are held to, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hiq.clients.outbox import Policy

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Limits and times; times in seconds."""

    message_bytes: int = 65_536
    hard_bytes: int = 262_144
    frame_bytes: int = 524_288
    messages_per_minute: int = 60
    acks_per_minute: int = 600
    refusals_per_minute: int = 60
    connections_per_user: int = 5
    connections_per_address: int = 10
    sessions_per_user: int = 10
    subscriptions: int = 20
    control_frames: int = 100
    outbox_events: int = 1000
    outbox_seconds: float = 300.0
    overflow: Policy = "drop_oldest"
    session_seconds: float = 300.0
    ack_timeout: float = 30.0
    send_timeout: float = 5.0
    close_timeout: float = 10.0
    expiry_notice: float = 15.0
    heartbeat_interval: float = 25.0
    heartbeat_timeout: float = 75.0
    heartbeat_missed: int = 2
