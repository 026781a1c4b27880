"""`hiq serve` as a user runs it: a subprocess, its environment, its HTTP answers."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers.process import Server, http_request

__all__ = ["HiqServe", "until"]


def until(what: str, check: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Ask until `check` returns something true; fail by name at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        if found := check():
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class HiqServe(Server):
    """One `hiq serve` process with a folder of its own.

    `config` is the text of hiq.yaml; everything else comes by the environment, as a
    user of the container gives it.
    """

    name = "hiq"
    ready_s = 60.0

    def __init__(self, folder: Path, config: str, **environment: str) -> None:
        super().__init__(folder)
        self.config = folder / "hiq.yaml"
        self.config.write_text(config, encoding="utf-8")
        self.data = folder / "data"
        self._environment: Mapping[str, str] = environment

    def command(self) -> Sequence[str]:
        """Return the command."""
        return [sys.executable, "-m", "hiq", "serve", "--config", str(self.config)]

    def environment(self) -> dict[str, str]:
        """Return what `hiq serve` is told beside its file."""
        return {
            "HIQ_DATA_DIR": str(self.data),
            "HIQ_HTTP__PORT": str(self.port),
            "HIQ_MONITOR__INTERVAL": "1s",
            "HIQ_MONITOR__COMPARE": "2s",
            **self._environment,
        }

    def ready(self) -> bool:
        """Return whether it is subscribed and its journal can be written."""
        return self.get("/readyz")[0] == 200

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and decoded JSON (or text) of one answer; 0 if none came."""
        try:
            status, body = http_request(f"{self.url}{path}", timeout=5)
        except OSError:
            return 0, None
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode()

    def status(self) -> dict[str, Any]:
        """Return the numbers that the page shows."""
        code, body = self.get("/api/v1/status")
        assert code == 200, f"{code}: {body}\n{self.log_tail()}"
        return dict(body)

    def conserved(self) -> None:
        """Hold a service that answers to its counters."""
        code, found = self.get("/health")
        if code and "alerts" in found:
            assert found["counters"]["imbalance"] == 0, found["counters"]
            raised = found["alerts"]["raised"]
            wrong = {"conservation", "ha_behind"} & raised.keys()
            assert not wrong, f"{raised}\n{self.log_tail()}"

    def terminate(self, seconds: float = 20.0) -> tuple[int, float]:
        """Send SIGTERM; return exit status and how many seconds it took.

        Until then its counters added up, at every look of the monitor and now.
        """
        self.conserved()
        process, self._process = self._process, None
        assert process is not None
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        status = process.wait(seconds)
        return status, time.monotonic() - began
