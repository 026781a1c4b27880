"""`hiq serve` as a user runs it: a subprocess, its environment, its HTTP answers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

__all__ = ["HiqServe", "free_port", "until"]


def free_port() -> int:
    """Return a TCP port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def until(what: str, check: Any, seconds: float = 30.0) -> Any:
    """Poll `check` until it returns something true; fail by name at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.05)


class HiqServe:
    """One `hiq serve` process with a folder of its own."""

    def __init__(self, folder: Path, config: str, **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "hiq.yaml"
        self.config.write_text(config, encoding="utf-8")
        self.data = folder / "data"
        self.log = folder / "hiq.log"
        self.port = free_port()
        inherited = {
            name: os.environ[name]
            for name in (
                "PATH",
                "HOME",
                "LANG",
                "COVERAGE_PROCESS_START",
                "COVERAGE_FILE",
            )
            if name in os.environ
        } | {k: v for k, v in os.environ.items() if k.startswith("COV_")}
        self.environment = {
            **inherited,
            "HIQ_DATA_DIR": str(self.data),
            "HIQ_HTTP__PORT": str(self.port),
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it may wait for anything it depends on."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hiq", "serve", "--config", str(self.config)],
                env=self.environment,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and decoded JSON (or text) of one HTTP answer; 0 if none came."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as exc:
            with exc:
                status, body = exc.code, exc.read()
        except OSError:
            return 0, None
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode()

    async def aget(self, path: str) -> tuple[int, Any]:
        """`get` without holding the loop up."""
        return await asyncio.to_thread(self.get, path)

    async def ready(self, seconds: float = 30.0) -> None:
        """Wait until /readyz says 200."""

        async def check() -> bool:
            self.alive()
            return (await self.aget("/readyz"))[0] == 200

        await until(f"ready; log:\n{self.tail()}", check, seconds)

    def alive(self) -> None:
        """Fail with the log if the process has ended."""
        assert self.process is not None
        status = self.process.poll()
        assert status is None, f"hiq ended with {status}:\n{self.tail()}"

    def tail(self, lines: int = 40) -> str:
        """Return the end of the log."""
        if not self.log.exists():
            return ""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    async def stop(self, seconds: float = 15.0) -> tuple[int, float]:
        """Send SIGTERM; return exit status and how long it took in seconds."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = await asyncio.to_thread(self.process.wait, seconds)
        self.process = None
        return status, time.monotonic() - began

    def kill(self) -> None:
        """`kill -9`, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None
