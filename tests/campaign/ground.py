"""Where the campaign takes place: a home, hiq as a process, two databases.

It also judges: what hiq had accepted when it died, what the databases hold at last,
what the home has fired, and whether the ledger of gaps names what is gone.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from hiq.journal.fsck import bodies
from hiq.sink.base import Batch
from hiq.sink.decode import decode, decode_series
from tests.campaign.front import Front
from tests.campaign.home import Home, Key
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import sqlite_points
from tests.servers.databases import InfluxDB

__all__ = ["Ground", "NotNow", "Unavailable", "Verdict", "newest"]

CONFIG = """
sinks:
- name: influxdb
  type: influxdb1
  url: {url}
  database: hiq
  username: {user}
  password: {password}
  timeout: 3s
  linger: 0s
  breaker_probe: 1s
- {{name: store, type: sqlite, linger: 0s, breaker_probe: 1s}}
journal: {{commit: {commit}, min_free_bytes: 0}}
log: {{level: info}}
"""
SETTLE_S = 180.0
UNCOMMITTED_S = 12.0
"""What is younger is left out by `hiq verify`."""
DISK = "96m"
SLACK_S = 0.001
"""Of a gap: its times are told to the microsecond, in floating point."""


class Unavailable(Exception):
    """This fault cannot be made here."""


class NotNow(Exception):
    """What this fault would do could not be told from what another has done."""


@dataclass(frozen=True)
class Verdict:
    """What was found in the end.

    Attributes:
        fired: states that make a point.
        accepted: points that hiq had on its disk when it died, of all its deaths.
        listed: gone for good, with the ledger saying so.
        harmed: missing before the repair, with the ledger saying so.
        silent: missing, before or after the repair, and in no gap of the ledger.
        lost: accepted, not in a database, though nothing destroyed it.
        missing: fired, not in a database, though nothing destroyed it.
        extra: in a database, and never fired.
    """

    fired: int
    accepted: int
    listed: int = 0
    harmed: int = 0
    silent: set[Key] = field(default_factory=set)
    lost: set[Key] = field(default_factory=set)
    missing: set[Key] = field(default_factory=set)
    extra: set[Key] = field(default_factory=set)


class Process(HiqServe):
    """`hiq serve`, perhaps under strace."""

    prefix: Sequence[str] = ()

    def command(self) -> Sequence[str]:
        """Return the command."""
        return [*self.prefix, *super().command()]


class Ground:
    """Everything that takes part; a context manager.

    - `forgotten`: what had been fired when the recorder forgot everything: may be
      gone, if the ledger says so.
    - `harmed`: something was destroyed that only `hiq verify --repair` brings back;
      the ledger must name it before.
    - `emptied`: a database was emptied by its owner, which hiq cannot know.
    """

    user = "hiq"
    password = "not so secret"

    def __init__(self, folder: Path, seed: int, *, rate: float, commit: str) -> None:
        self.folder = folder
        self.rate = rate
        self.home = Home(folder, entities=60, seed=seed)
        self.influxdb = InfluxDB(folder / "influxdb", auth=("root", "root"))
        self.front = Front(self.influxdb.port, seed)
        self.accepted: set[Key] = set()
        self.forgotten: set[Key] = set()
        self.harmed = False
        self.emptied = False
        self.deaths = 0
        self.has_own_disk = False
        self._commit = commit
        self._begin = int(time.time())
        self.hiq: Process

    def __enter__(self) -> Self:
        self.influxdb.start()
        login = f"WITH PASSWORD '{self.password}'"
        self.influxdb.query(f'CREATE USER "{self.user}" {login}')
        self.grant()
        self.front.__enter__()
        self.home.__enter__()
        config = CONFIG.format(
            url=self.front.url,
            commit=self._commit,
            user=self.user,
            password=self.password,
        )
        self.hiq = Process(self.folder / "hiq", config, **self.home.login)
        self._mount()
        self.hiq.start()
        self.home.pace(self.rate)
        return self

    def __exit__(self, *_: object) -> None:
        self.hiq.kill()
        self.home.__exit__()
        self.front.__exit__()
        self.influxdb.kill()
        if self.has_own_disk:
            subprocess.run(["umount", "--lazy", str(self.hiq.data)], check=True)

    def grant(self) -> None:
        """Give the user of hiq its rights in the database."""
        self.influxdb.query(f'GRANT ALL ON "{self.influxdb.database}" TO "{self.user}"')

    def _mount(self) -> None:
        """Give hiq's data a small file system of their own, if that may be done."""
        self.hiq.data.mkdir()
        if os.getuid() == 0:
            options = f"size={DISK},mode=700"
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.hiq.data)],
                capture_output=True,
                check=False,
            )
            self.has_own_disk = done.returncode == 0

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
        patient = self.folder / "verify.yaml"  # a loaded machine reads back slowly
        text = self.hiq.config.read_text(encoding="utf-8")
        patient.write_text(text.replace("timeout: 3s", "timeout: 2m"), encoding="utf-8")
        command = [*HiqServe.command(self.hiq)]
        command[command.index("serve")] = "verify"
        command[command.index("--config") + 1] = str(patient)
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
        self.harmed = self.emptied = False

    def settle(self) -> Verdict:
        """Let the home rest, wait until all is delivered, and compare."""
        self.home.pace(0)
        if not self.influxdb.running:
            self.influxdb.start()
        if not self.hiq.running:
            self.revive()
        until("hiq is ready", self.hiq.ready, SETTLE_S)
        self._wait_for_delivery()
        truth = self.home.truth()
        stored = self._stored()
        gone = truth - (stored[0] & stored[1])
        silent = set() if self.emptied else gone - self._told(gone)
        harmed = len(gone) if self.harmed else 0
        if self.harmed or self.emptied:
            self.repair()
            stored = self._stored()
        everywhere = stored[0] & stored[1]
        gone = truth - everywhere
        silent |= gone - self._told(gone)
        forgiven = gone & self.forgotten
        verdict = Verdict(
            fired=len(truth),
            accepted=len(self.accepted),
            listed=len(forgiven - silent),
            harmed=harmed,
            silent=silent,
            lost=self.accepted - everywhere - forgiven,
            missing=gone - forgiven,
            extra=(stored[0] | stored[1]) - truth,
        )
        self.home.pace(self.rate)
        return verdict

    def _wait_for_delivery(self) -> None:
        quiet: list[object] = []

        def delivered() -> bool:
            status = self.hiq.status()
            quiet.append((status["accepted"], status["received"]))
            busy = (
                status["buffered"]
                or status["backfill"]["holes"]
                or any(sink["pending"] for sink in status["sinks"].values())
            )
            time.sleep(0.2)
            return not busy and len(quiet) > 8 and len(set(quiet[-8:])) == 1

        until("everything is delivered", delivered, SETTLE_S)

    def _stored(self) -> list[set[Key]]:
        """Return what each database holds; a state is in one series only."""
        rows = self.influxdb.query('SELECT * FROM /.*/ GROUP BY "domain","entity_id"')
        keys = [(f"{row['domain']}.{row['entity_id']}", row["time"]) for row in rows]
        assert len(keys) == len(set(keys)), "a state is in two series"
        return [set(keys), set(sqlite_points(self.hiq.data / "store.db"))]

    def _told(self, gone: set[Key]) -> set[Key]:
        """Return which of these states a gap of the ledger covers."""
        status, found = self.hiq.get("/api/v1/gaps")
        assert status == 200, found
        gaps = [(seconds(gap["start"]), seconds(gap["end"])) for gap in found["gaps"]]
        return {
            key
            for key in gone
            if any(a - SLACK_S <= key[1] / 1e9 <= b + SLACK_S for a, b in gaps)
        }


def seconds(moment: str | None) -> float:
    """Return Unix seconds; an interval without an end lasts."""
    return datetime.fromisoformat(moment).timestamp() if moment else float("inf")


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
