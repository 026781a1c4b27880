"""Every error that hiq raises on purpose, as one tree.

HiqError
|-- ConfigError              the user's: settings; carries every Problem at once
|-- AuthError                the user's: Home Assistant refused the token (final)
|   `-- TokenError           the user's: there is no token that could be sent
|-- ProtocolError            the peer's: it broke the protocol
|   `-- TransitionError      ours: a connection state that may not follow
|-- ConnectionLost           the network's: retry
|-- CommandError             the peer's: Home Assistant answered a command with an error
|-- NotReadyError            the peer's: Home Assistant cannot answer yet; wait
|-- JournalError             the disk's
|   |-- JournalCorrupt       a record does not hold what it says
|   |-- JournalFull          the cap or the disk is reached
|   `-- JournalLocked        another process owns the folder
|-- StoreError               the embedded store
|-- SinkUnreadable           a database whose content cannot be read back
`-- ServiceUnreachable       the running hiq does not answer

Exceptions carry data; their text is computed from it. Whether to retry is decided in
`ha.diagnosis.classify` and by a sink's `Outcome`, never by which `except` catches it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AuthError",
    "CommandError",
    "ConfigError",
    "ConnectionLost",
    "HiqError",
    "JournalCorrupt",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "NotReadyError",
    "Problem",
    "ProtocolError",
    "ServiceUnreachable",
    "SinkUnreadable",
    "StoreError",
    "TokenError",
    "TransitionError",
]


class HiqError(Exception):
    """Base of all errors that hiq raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings.

    Attributes:
        where: what the user can open: a file, `environment`, `command line`.
        line: line in that file, counted from 1; 0 if it has none.
        key: dotted name of the setting, "" if the whole file is meant.
        message: what is wrong and what is expected or to be done.
    """

    where: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return (
            f"{place}: {self.key}: {self.message}"
            if self.key
            else (f"{place}: {self.message}")
        )


class ConfigError(HiqError):
    """The settings cannot be used; exit status 2."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class AuthError(HiqError):
    """Home Assistant refused the token; final until the token changes."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return (
            f"Home Assistant refused the token ({self.message}); make a new "
            "long-lived access token in its user profile and put it in hiq's settings"
        )


class TokenError(AuthError):
    """There is no token, or none that could be right; nothing was sent."""

    def __str__(self) -> str:
        return (
            f"no usable token for Home Assistant: {self.message}; a long-lived access "
            "token is made in the user profile of Home Assistant"
        )


class ProtocolError(HiqError):
    """The peer sent what its protocol does not allow.

    `close_code` is what a WebSocket peer is told (RFC 6455, section 7.4.1).
    """

    def __init__(self, *args: object, close_code: int = 1002) -> None:
        super().__init__(*args)
        self.close_code = close_code


class TransitionError(ProtocolError):
    """A connection state was asked to follow one that it may not follow."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(old, new)
        self.old = old
        self.new = new

    def __str__(self) -> str:
        return f"connection state {self.new} may not follow {self.old}"


class ConnectionLost(HiqError):
    """The connection ended, or could not be made; retrying can heal it."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason, code)
        self.reason = reason
        self.code = code

    def __str__(self) -> str:
        return self.reason if self.code is None else f"{self.reason} ({self.code})"


class CommandError(HiqError):
    """Home Assistant answered a command with an error."""

    def __init__(self, command: str, code: str, message: str) -> None:
        super().__init__(command, code, message)
        self.command = command
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"Home Assistant refused {self.command}: {self.code}: {self.message}"


class NotReadyError(HiqError):
    """Home Assistant cannot answer a question yet; waiting can heal it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class JournalError(HiqError):
    """The journal cannot do what was asked."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"journal {self.path}: {self.reason}"


class JournalCorrupt(JournalError):
    """A record does not hold what its header says."""


class JournalFull(JournalError):
    """The byte cap or the free space of the disk is reached."""


class JournalLocked(JournalError):
    """Another process owns the journal folder."""


class StoreError(HiqError):
    """The embedded store cannot do what was asked."""


class SinkUnreadable(HiqError):
    """What a sink holds cannot be read back."""

    def __init__(self, sink: str, reason: str) -> None:
        super().__init__(sink, reason)
        self.sink = sink
        self.reason = reason

    def __str__(self) -> str:
        return f"cannot read back from {self.sink}: {self.reason}"


class ServiceUnreachable(HiqError):
    """The running hiq does not answer; exit status 3."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"no hiq answers at {self.url}: {self.reason}; is `hiq serve` running?"
