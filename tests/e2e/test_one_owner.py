"""Two services on one data folder, as processes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.e2e.process import HiqServe
from tests.servers.process import free_port

CONFIG = """\
home_assistant: {enabled: false}
sinks: [{name: store, type: sqlite}]
"""


class Unready(HiqServe):
    """A service that is up as soon as it answers; it has no Home Assistant."""

    def ready(self) -> bool:
        """Return whether it answers."""
        return self.get("/livez")[0] == 200


def test_the_second_refuses(tmp_path: Path) -> None:
    """Status 2, and a message that names the folder and the process that has it."""
    first = Unready(tmp_path / "hiq", CONFIG)
    first.start()
    try:
        owner = first.pid
        second = subprocess.run(
            first.command(),
            env={**first.environment(), "HIQ_HTTP__PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 2
        assert f"another hiq uses it (process {owner})" in second.stderr
        assert str(first.data / "journal") in second.stderr
        assert "Traceback" not in second.stderr
        assert first.get("/livez")[0] == 200
    finally:
        first.kill()
