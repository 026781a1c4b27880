"""A server program as a child process: free port, start, readiness, end.

Every server of the tests is one `Server`. It owns a process group, so that nothing
is left behind, and a port that no other run of the tests takes while this one
lasts, so that a server can be stopped and started again under the same URL.
It knows nothing of any particular program.
"""

from __future__ import annotations

import atexit
import fcntl
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

import pytest

# Below the kernel's range for outgoing connections (32768 and up): only somebody
# who asks for just this port can take it.
PORTS = range(20000, 32000)
_reserved: list[IO[str]] = []


def missing(what: str, how: str) -> NoReturn:
    """Skip the test; where `CI` is set everything must be there, so fail."""
    text = f"{what} is not installed here; {how}"
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def program(name: str) -> str:
    """Return the path of an installed program, or skip (fail in CI)."""
    return shutil.which(name) or missing(name, "run tests/servers/install.sh as root")


def free_port() -> int:
    """Return a port of the loopback that stays ours until the process ends.

    Raises:
        OSError: no port of `PORTS` is free.
    """
    locks = Path(tempfile.gettempdir()) / "hiq-test-ports"
    locks.mkdir(exist_ok=True)
    for port in random.sample(PORTS, 200):
        lock = (locks / str(port)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _reserved.append(lock)
        return port
    raise OSError(f"no free port between {PORTS.start} and {PORTS.stop}")


def http_request(
    url: str,
    *,
    method: str = "GET",
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> tuple[int, bytes]:
    """Send one request on a fresh connection; return status and body.

    Raises:
        OSError, http.client.HTTPException: nobody answered, or not in HTTP.
    """
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=timeout
    )
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path
        data = body.encode() if isinstance(body, str) else body
        connection.request(method, target, data, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Server:
    """A program that listens on `port` of the loopback.

    - `start()` returns when it is ready, or raises with the end of its output.
    - `stop()` asks it to end, `kill()` does not ask; both return when it is gone,
      both may be called when it does not run. `start()` afterwards keeps data,
      port and URL.
    - All methods block: inside a coroutine use `asyncio.to_thread`.
    """

    name = "server"
    ready_s = 30.0
    stop_s = 30.0

    def __init__(self, folder: Path, port: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.log = folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.kill)

    @property
    def url(self) -> str:
        """Base URL without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id, None while it does not run."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def command(self) -> Sequence[str]:
        """Return the program and its arguments."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Return what the program gets beside the ordinary environment."""
        return {}

    def ready(self) -> bool:
        """Return whether it answers as it should; OSError counts as no."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the program and wait until it is ready."""
        self.launch()
        self.wait(self.ready, self.ready_s, "ready")

    def revive(self) -> None:
        """Start it again if it has ended by itself."""
        if not self.running:
            self.start()

    def launch(self) -> None:
        """Start the program; do not wait."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**inherited, **self.environment()},
                start_new_session=True,
            )

    def wait(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        """Ask until `done`; raise when the program ends or time is over."""
        deadline = time.monotonic() + seconds
        while True:
            if not self.running:
                raise RuntimeError(f"{self.name} ended: {self.log_tail()}")
            try:
                if done():
                    return
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > deadline:
                tail = self.log_tail()
                self.kill()
                raise TimeoutError(f"{self.name} not {what} in {seconds} s: {tail}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Send SIGTERM and wait; after `stop_s` seconds send SIGKILL."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the whole process group and wait."""
        self._end(signal.SIGKILL)

    def log_tail(self, size: int = 2000) -> str:
        """Return the end of what the program printed."""
        return self.log.read_bytes()[-size:].decode(errors="replace")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.poll() is None:
                process.send_signal(how)
                process.wait(self.stop_s)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # also what the program itself started, and itself if it would not end
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait(self.stop_s)
