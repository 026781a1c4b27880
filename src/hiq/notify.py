"""Tells systemd how the service is doing: the sd_notify protocol, nothing else.

A datagram of `NAME=value` lines to the socket that $NOTIFY_SOCKET names; without
that variable every call does nothing. A systemd that does not listen is no fault of
the service. https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Notifier"]


class Notifier:
    """The way to the service manager.

    Args:
        environment: where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog_s(environment)
        """Seconds after which systemd takes silence for death; None without it."""

    def send(self, **fields: str) -> bool:
        """Send fields such as READY="1"; return whether they went out."""
        if not self._address:
            return False
        text = "\n".join(
            f"{name}={' '.join(value.splitlines())}" for name, value in fields.items()
        )
        # A name that starts with @ lies in the abstract namespace of Linux.
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(text.encode(), address)
        except OSError:
            return False
        return True


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    pid = environment.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 else None
