"""The tables of the settings of clients and of security."""

from __future__ import annotations

from hiq.settings.rows import Row
from hiq.settings.values import (
    BOOLEAN,
    COMMA_TEXTS,
    DURATION,
    HOST,
    PATH,
    TEXT,
    choice,
    integer,
    size,
    url,
)

__all__ = ["CLIENTS", "SECURITY"]

CLIENTS: dict[str, Row] = {
    "enabled": Row(BOOLEAN, "Whether clients may connect to `/ws`."),
    "connections_per_user": Row(integer(1, 10_000), "Most connections of one user."),
    "connections_per_address": Row(
        integer(1, 10_000), "Most connections from one address."
    ),
    "sessions_per_user": Row(integer(1, 10_000), "Most sessions of one user."),
    "subscriptions": Row(integer(1, 1000), "Most subscriptions of one session."),
    "messages_per_minute": Row(
        integer(1, 1_000_000), "Most messages of one connection, acks apart."
    ),
    "acks_per_minute": Row(integer(1, 1_000_000), "Most acks of one connection."),
    "message_bytes": Row(size(1024), "Largest message that is answered."),
    "hard_bytes": Row(size(1024), "A larger message ends the connection."),
    "outbox_events": Row(
        integer(1, 100_000), "Most events that wait for one client to confirm them."
    ),
    "outbox_age": Row(DURATION, "How long one waits; then it becomes a gap."),
    "overflow": Row(
        choice("drop_oldest", "reject", "close"),
        "What happens when too many wait: the oldest or the newest become a gap, or "
        "the connection ends.",
    ),
    "session_age": Row(DURATION, "How long a session without a connection is kept."),
    "durable": Row(
        BOOLEAN,
        "Whether sessions and what waits in them are on disk, so that they outlive a "
        "restart; documents of users always are.",
    ),
    "ack_timeout": Row(DURATION, "After how long what is not confirmed is sent again."),
    "send_timeout": Row(DURATION, "How long sending one frame may take."),
    "heartbeat_interval": Row(DURATION, "Time between two pings."),
    "heartbeat_timeout": Row(DURATION, "A peer that says nothing for so long is dead."),
    "heartbeat_missed": Row(
        integer(1, 100), "Pings without an answer after which a peer is dead."
    ),
}

SECURITY: dict[str, Row] = {
    "mode": Row(
        choice("production", "development"),
        "`production` refuses settings that are only good for trying something out.",
    ),
    "algorithms": Row(
        COMMA_TEXTS, "Which signatures of tokens are taken: HS256, RS256, EdDSA."
    ),
    "secret_file": Row(
        PATH,
        "File with the secret of HS256; default `jwt.secret` in the data folder, made "
        "when it is first needed.",
    ),
    "public_key_file": Row(PATH, "Public key (PEM) of RS256 or EdDSA."),
    "jwks_file": Row(PATH, "Set of public keys (JWKS); read again when it changes."),
    "jwks_url": Row(
        url("https", "http"),
        "Address of a set of public keys (JWKS); the last good one is kept in the data "
        "folder and stays in force while it cannot be fetched.",
    ),
    "jwks_ca_cert": Row(
        PATH, "File with the certificates to trust (PEM) when it is fetched."
    ),
    "jwks_refresh": Row(
        DURATION, "How often it is fetched; sooner if a token names an unknown key."
    ),
    "audience": Row(TEXT, "What `aud` of a token must hold."),
    "issuer": Row(TEXT, "What `iss` of a token must be."),
    "leeway": Row(DURATION, "By how much the clocks of others may differ."),
    "auth_failures": Row(
        integer(1, 1_000_000),
        "Wrong tokens of one address within a minute after which it has to wait.",
    ),
    "auth_wait": Row(DURATION, "How long it has to wait after the last of them."),
    "ingress_address": Row(
        HOST,
        "Address of the Supervisor's proxy, believed with auth `ingress`.",
    ),
}
