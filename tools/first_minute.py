"""first_minute.py DEBIAN WORK WHEEL: from an empty Debian to the first chart, timed.

In a copy of the bare tree DEBIAN (minimal, with Python and its venv module) the
commands of a new user are typed, one after the other: install, demo; then, where the
tests' Home Assistant is installed, init and serve against a real one. A chart counts
as there when the page is served and its route gives at least three values of one
entity. Root, for chroot.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from debian import copied, environment

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers.home_assistant import HomeAssistant  # noqa: E402
from tests.servers.home_assistant.environments import (  # noqa: E402
    environment as installed,
)
from tests.servers.process import free_port  # noqa: E402

LIMIT_S = 180.0
THERMOMETER = "sensor.first_minute"
INSTALL = "python3 -m venv hiq && hiq/bin/pip install -q ./{wheel}"
DEMO = "hiq/bin/hiq demo --port {port}"
INIT = (
    "HA_TOKEN={token} hiq/bin/hiq init --yes --ha-url {url} "
    "--sink sqlite --data-dir data"
)
SERVE = "HIQ_HTTP__PORT={port} hiq/bin/hiq serve"


class Newcomer:
    """Somebody at a prompt in a bare Debian, with a watch."""

    def __init__(self, debian: Path, work: Path) -> None:
        self.tree = copied(debian, work / "debian")
        self.log = (work / "log").open("wb")
        self.began = time.monotonic()
        self.typed = 0

    def begin(self, command: str, shown: str) -> subprocess.Popen[bytes]:
        """Type a command in /root."""
        self.typed += 1
        print(f"{self.typed}. {shown}", flush=True)
        return subprocess.Popen(
            ["chroot", self.tree, "/bin/sh", "-c", f"cd /root; {command}"],
            env=environment(PATH="/usr/bin:/bin:/usr/sbin:/sbin", HOME="/root"),
            stdout=subprocess.DEVNULL, stderr=self.log,
            start_new_session=True,
        )  # fmt: skip

    def run(self, command: str, shown: str) -> None:
        """Type it and wait for its end."""
        began = time.monotonic()
        status = self.begin(command, shown).wait()
        assert status == 0, f"status {status}: {command}"
        print(f"   {time.monotonic() - began:.1f} s", flush=True)

    def again(self) -> None:
        """Start the watch once more."""
        self.began, self.typed = time.monotonic(), 0

    @property
    def passed_s(self) -> float:
        """Seconds since the watch was started."""
        return time.monotonic() - self.began


def ask(url: str) -> bytes | None:
    """Return what is answered, None if nothing is yet."""
    try:
        request = urllib.request.Request(url, headers={"Accept": "text/html"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            found: bytes = answer.read()
    except OSError:
        return None
    return found


def chart(url: str, search: str) -> dict[str, Any] | None:
    """Return the first chart that the page could draw, None if there is none yet."""
    page = ask(f"{url}/")
    states = json.loads(ask(f"{url}/api/v1/stored?limit=5&search={search}") or b"{}")
    if page is None or b"<html" not in page:
        return None
    for row in states.get("entities", []):
        found = json.loads(
            ask(f"{url}/api/v1/history?entity_id={row['entity_id']}") or b"{}"
        )
        if found.get("kind") == "number" and len(found["values"]) >= 3:
            return dict(found)
    return None


def first_chart(
    newcomer: Newcomer,
    url: str,
    process: subprocess.Popen[bytes],
    change: Callable[[], None] = lambda: None,
    search: str = "temperature",
) -> None:
    """Wait for it, say when it came, end the command with Ctrl-C."""
    try:
        while (found := chart(url, search)) is None:
            change()
            assert process.poll() is None, "the command has ended"
            assert newcomer.passed_s < LIMIT_S, "no chart"
            time.sleep(0.5)
        print(
            f"   page and chart of {found['entity_id']} "
            f"({len(found['values'])} values) at "
            f"{newcomer.passed_s:.1f} s, {newcomer.typed} commands"
        )
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def warmer(server: HomeAssistant) -> None:
    """Let a thermometer of the home change: its tests' home does not by itself."""
    degrees = f"{20 + time.monotonic() % 5:.2f}"
    server.set_state(THERMOMETER, degrees, {"unit_of_measurement": "°C"})


def real_home(newcomer: Newcomer, work: Path) -> None:
    """The same with a real Home Assistant, which runs outside of the tree."""
    server = HomeAssistant(installed("2025.4"), work / "home-assistant")
    server.start()
    try:
        newcomer.again()
        words = {"token": server.token, "url": server.url, "port": free_port()}
        newcomer.run(INIT.format(**words), INIT.format(**{**words, "token": "..."}))
        serve = newcomer.begin(SERVE.format(**words), SERVE.format(**words))
        url = f"http://127.0.0.1:{words['port']}"
        first_chart(newcomer, url, serve, lambda: warmer(server), THERMOMETER)
    finally:
        server.stop()


def main(debian: Path, work: Path, wheel: Path) -> int:
    """Type it all; exit status 1 if it took longer than three minutes."""
    newcomer = Newcomer(debian, work)
    shutil.copy(wheel, newcomer.tree / "root")
    size = subprocess.run(
        ["chroot", newcomer.tree, "sh", "-c", ". /etc/os-release; echo $PRETTY_NAME"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    print(f"an empty {size.stdout.strip()}, {wheel.name}, the demo's home:")
    newcomer.again()
    install = INSTALL.format(wheel=wheel.name)
    newcomer.run(install, install)
    port = free_port()
    demo = newcomer.begin(DEMO.format(port=port), DEMO.format(port=port))
    first_chart(newcomer, f"http://127.0.0.1:{port}", demo)
    late = newcomer.passed_s > LIMIT_S or newcomer.typed > 3
    if (ROOT / ".cache" / "ha-2025.4").exists():
        print("a real Home Assistant 2025.4, hiq being installed:")
        real_home(newcomer, work)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main(*(Path(argument).resolve() for argument in sys.argv[1:4])))
