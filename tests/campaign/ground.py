"""Where the campaign takes place: a home, hiq as a process, two databases.

It also judges: what hiq had accepted when it died, what the databases hold at last,
and what the home has fired.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hiq.journal.fsck import bodies
from hiq.sink.base import Batch
from hiq.sink.decode import decode, decode_series
from tests.campaign.home import Home, Key
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import influxdb_points, sqlite_points
from tests.servers.databases import InfluxDB

__all__ = ["Ground", "Verdict", "newest"]

CONFIG = """
sinks:
- {{name: influxdb, type: influxdb1, url: "{url}", database: hiq, timeout: 5s}}
- {{name: store, type: sqlite}}
journal: {{commit: {commit}, min_free_bytes: 0}}
log: {{level: info}}
"""
SETTLE_S = 120.0
UNCOMMITTED_S = 12.0
"""What is younger is left out by `hiq verify`."""


@dataclass(frozen=True)
class Verdict:
    """What was found in the end.

    Attributes:
        fired: states that make a point.
        accepted: points that hiq had on its disk when it died, of all its deaths.
        lost: accepted, and not in a database.
        missing: fired, and not in a database.
        extra: in a database, and never fired.
    """

    fired: int
    accepted: int
    lost: set[Key]
    missing: set[Key]
    extra: set[Key]


class Process(HiqServe):
    """`hiq serve`, perhaps under strace."""

    prefix: Sequence[str] = ()

    def command(self) -> Sequence[str]:
        """Return the command."""
        return [*self.prefix, *super().command()]

    def kill_hiq(self) -> None:
        """Kill hiq itself; strace ends with it."""
        self.kill()


class Ground:
    """Everything that takes part; a context manager."""

    def __init__(self, folder: Path, seed: int, *, rate: float, commit: str) -> None:
        self.folder = folder
        self.rate = rate
        self.home = Home(entities=60, seed=seed)
        self.influxdb = InfluxDB(folder / "influxdb")
        self.accepted: set[Key] = set()
        self.harmed = False
        """Something was destroyed that only `hiq verify --repair` can bring back."""
        self.deaths = 0
        self._commit = commit
        self._begin = int(time.time())
        self.hiq: Process

    def __enter__(self) -> Self:
        self.influxdb.start()
        self.home.__enter__()
        config = CONFIG.format(url=self.influxdb.url, commit=self._commit)
        self.hiq = Process(self.folder / "hiq", config, **self.home.login)
        self.hiq.start()
        self.home.pace(self.rate)
        return self

    def __exit__(self, *_: object) -> None:
        self.hiq.kill()
        self.home.__exit__()
        self.influxdb.kill()

    def bury(self) -> None:
        """Note what hiq had accepted, now that it is dead."""
        self.deaths += 1
        journal = self.hiq.data / "journal"
        for header, body in bodies(journal, "ha"):
            with contextlib.suppress(zlib.error):
                self.accepted |= keys(Batch(body, header.points).lines())

    def revive(self, prefix: Sequence[str] = ()) -> None:
        """Start hiq again, and wait until it is ready."""
        self.hiq.prefix = prefix
        self.hiq.start()

    def repair(self) -> None:
        """Let `hiq verify --repair` bring back what a fault has destroyed."""
        time.sleep(UNCOMMITTED_S)
        command = [*HiqServe.command(self.hiq)]
        command[command.index("serve")] = "verify"
        done = subprocess.run(
            [*command, "--repair", "--start", str(self._begin - 60)],
            env=self.hiq.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SETTLE_S,
            check=False,
        )
        assert done.returncode in {0, 1}, done.stderr
        self.harmed = False

    def settle(self) -> Verdict:
        """Let the home rest, wait until all is delivered, and compare."""
        self.home.pace(0)
        if not self.influxdb.running:
            self.influxdb.start()
        if not self.hiq.running:
            self.revive()
        until("hiq is ready", self.hiq.ready, SETTLE_S)
        quiet: list[object] = []

        def delivered() -> bool:
            status = self.hiq.status()
            quiet.append((status["accepted"], status["received"]))
            busy = (
                status["buffered"]
                or status["backfill"]["holes"]
                or any(sink["pending"] for sink in status["sinks"].values())
            )
            time.sleep(0.3)
            return not busy and len(quiet) > 8 and len(set(quiet[-8:])) == 1

        until("everything is delivered", delivered, SETTLE_S)
        if self.harmed:
            self.repair()
        truth = self.home.truth()
        stored = [
            set(influxdb_points(self.influxdb.url, self.influxdb.database)),
            set(sqlite_points(self.hiq.data / "store.db")),
        ]
        everywhere = stored[0] & stored[1]
        verdict = Verdict(
            fired=len(truth),
            accepted=len(self.accepted),
            lost=self.accepted - everywhere,
            missing=truth - everywhere,
            extra=(stored[0] | stored[1]) - truth,
        )
        self.home.pace(self.rate)
        return verdict


def newest(folder: Path) -> list[Path]:
    """Return the journal's files, oldest first."""
    return sorted((folder / "journal" / "ha").glob("*.seg"))


def keys(lines: bytes) -> set[Key]:
    """Return entity and time of lines."""
    names: dict[bytes, str] = {}
    found = set()
    for series, time_ns, _ in decode(lines):
        if series not in names:
            _, tags = decode_series(series)
            names[series] = f"{tags['domain']}.{tags['entity_id']}"
        found.add((names[series], time_ns))
    return found
