"""The process that is measured: start it, read what it used, end it.

Figures come from /proc, so the measured process does nothing for them. Times are in
nanoseconds of all its threads, user and kernel.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.idle import resident_mib

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.loopback import Home

__all__ = ["Serving", "Usage", "receiver", "resident_mib", "serving", "usage"]

STOP_S = 15.0
ROOT = Path(__file__).parent.parent
SETTLE_S = 1.5
"""Until everything that is loaded late has been loaded."""


class Usage(NamedTuple):
    """What a process has used since it began, or between two looks."""

    cpu_ns: int
    switches: int
    """Voluntary context switches: how often a thread went to sleep, so woke up."""

    def since(self, before: Usage) -> Usage:
        """The difference."""
        return Usage(self.cpu_ns - before.cpu_ns, self.switches - before.switches)


def usage(pid: int) -> Usage:
    """Look at all threads of a process; one that has ended is not counted."""
    cpu_ns = switches = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        cpu_ns += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        status = (task / "status").read_text(encoding="ascii")
        switches += int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return Usage(cpu_ns, switches)


@contextmanager
def receiver(kind: str, home: Home) -> Iterator[subprocess.Popen[str]]:
    """Run one of `benchmarks.receivers` until the end of the block; then it is cut."""
    path = "" if kind == "ingest" else "/bare"
    scheme = "http" if kind == "ingest" else "ws"
    url = f"{scheme}://127.0.0.1:{home.port}{path}"
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.receivers", kind, url],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            home.wait()
            time.sleep(SETTLE_S)
            yield process
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Serving:
    """A running `hiq serve`."""

    pid: int
    port: int
    """Of its HTTP server."""
    folder: Path

    def journal_bytes(self) -> int:
        """Bytes of all segments; none goes while the process runs."""
        segments = self.folder.glob("journal/**/*.seg")
        return sum(path.stat().st_size for path in segments)


@contextmanager
def serving(
    home: Home,
    database_url: str,
    folder: Path,
    *,
    commit: str = "250ms",
    module: tuple[str, ...] = ("hiq",),
    extra: str = "",
) -> Iterator[Serving]:
    """Run `hiq serve` until the end of the block; it must then stop with status 0.

    Args:
        home: what it connects to.
        database_url: its only sink, an InfluxDB 1.
        folder: its data.
        commit: `journal.commit`.
        module: what to run in place of `hiq`, with its first arguments.
        extra: more sections of hiq.yaml.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = folder / "hiq.yaml"
    settings.write_text(
        "sinks:\n- name: one\n  type: influxdb1\n"
        f"  url: {database_url}\n  database: hiq\n"
        f"journal:\n  commit: {commit}\n  keep: 1d\nhttp:\n  port: {port}\n{extra}",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "HIQ_DATA_DIR": str(folder),
        "HIQ_HOME_ASSISTANT__URL": f"http://127.0.0.1:{home.port}",
        "HA_TOKEN": "t" * 40,
    }
    with (folder / "log").open("w") as log, subprocess.Popen(
        [sys.executable, "-m", *module, "serve", "--config", str(settings)],
        cwd=ROOT, env=environment, stderr=log,
    ) as process:  # fmt: skip
        try:
            home.wait()
            time.sleep(SETTLE_S)
            yield Serving(process.pid, port, folder)
            process.terminate()
            if status := process.wait(STOP_S):
                raise RuntimeError(f"hiq serve ended with {status}")
        finally:
            process.kill()
