"""`make outage`: a day without the database, then all of it, with new data in between.

    python -m tests.campaign.outage [--events 5000000]

A home of 200 sensors sends a day of events as fast as hiq takes them while InfluxDB is
down. Printed: memory and journal as they grow, the rate at which the backlog drains,
and how long a new state takes into the database before, while and after it drains.
Exit status 1 if a point is missing or one is too many.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.idle import resident_mib
from benchmarks.loopback import Home, chunks, frame_of

from tests.e2e.process import HiqServe, until
from tests.servers.databases import InfluxDB

__all__ = ["Outcome", "outage", "report"]

CONFIG = """
sinks: [{{name: influxdb, type: influxdb1, url: "{url}", database: hiq}}]
backfill: {{enabled: false}}
"""
DAY_S = 86_400
SENSORS = 200
LOOKS = 10
LIVE_RATE = 50.0
POLL_S = 0.02
PIECE = 20_000
EVENT = (
    b'{"id":1,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":'
    b'"sensor.%(name)s","old_state":null,"new_state":{"entity_id":"sensor.%(name)s",'
    b'"state":"%(value)s","attributes":{"state_class":"measurement",'
    b'"unit_of_measurement":"%(unit)s","friendly_name":"A sensor of a room"},'
    b'"last_changed":"%(time)s","last_reported":"%(time)s","last_updated":"%(time)s",'
    b'"context":{"id":"%(context)s","parent_id":null,"user_id":null}}},"origin":"LOCAL",'
    b'"time_fired":"%(time)s","context":{"id":"%(context)s","parent_id":null,'
    b'"user_id":null}}}'
)


@dataclass
class Outcome:
    """What was seen.

    Attributes:
        events: how many were sent while the database was down.
        growth: events sent so far, resident MiB, MiB of the journal.
        drained_s: from the start of the database until nothing was pending.
        draining_mib: the most memory meanwhile.
        live: seconds of each new state into the database, by phase.
        stored: points of the outage that the database has.
        live_sent, live_stored: new states.
    """

    events: int
    growth: list[tuple[int, float, float]] = field(default_factory=list)
    drained_s: float = 0.0
    draining_mib: float = 0.0
    live: dict[str, list[float]] = field(default_factory=dict)
    stored: int = 0
    live_sent: int = 0
    live_stored: int = 0

    @property
    def good(self) -> bool:
        """Whether every point is there, and no other."""
        return (self.stored, self.live_stored) == (self.events, self.live_sent)


def frame(name: str, value: str, unit: str, moment: datetime) -> bytes:
    """A state of a sensor, as Home Assistant sends it."""
    parts = {
        "name": name,
        "value": value,
        "unit": unit,
        "time": moment.isoformat(),
        "context": f"{int(moment.timestamp() * 1e6):026X}",
    }
    return EVENT % {key.encode(): text.encode() for key, text in parts.items()}


def day(events: int, random: Random) -> Iterator[bytes]:
    """The events of the day that ends now, evenly spaced."""
    step = timedelta(seconds=DAY_S / events)
    moment = datetime.now(UTC) - timedelta(seconds=DAY_S)
    values = [200 + number for number in range(SENSORS)]
    for number in range(events):
        sensor = number % SENSORS
        values[sensor] += random.choice((-1, 1))
        yield frame(f"s{sensor}", f"{values[sensor] / 10}", "°C", moment)
        moment += step


class Live:
    """New states at a steady rate, and a look at when each is in the database."""

    def __init__(self, home: Home, database: InfluxDB) -> None:
        self.sent: list[float] = []
        self.seen: list[float] = []
        self._home = home
        self._database = database
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._send, self._look)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more, and wait until all that was sent is in the database."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def waits(self, begin: int, end: int) -> list[float]:
        """Seconds of those that were sent from one on and before another."""
        sent, seen = self.sent[begin:end], self.seen[begin:end]
        return [there - at for at, there in zip(sent, seen, strict=True)]

    def _send(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            due += 1 / LIVE_RATE
            time.sleep(max(0.0, due - time.monotonic()))
            number = len(self.sent)
            self.sent.append(time.monotonic())
            text = frame("live", f"{number}", "live", datetime.now(UTC))
            self._home._send(frame_of(text))

    def _look(self) -> None:
        while not self._over.is_set() or len(self.seen) < len(self.sent):
            try:
                rows = self._database.query('SELECT max("value") AS m FROM "live"')
            except (OSError, RuntimeError):
                rows = []
            now = time.monotonic()
            there = int(rows[0]["m"]) + 1 if rows else 0
            self.seen += [now] * (there - len(self.seen))
            time.sleep(POLL_S)


def outage(folder: Path, events: int, *, live_s: float = 20.0) -> Outcome:
    """Run it all."""
    outcome = Outcome(events)
    database = InfluxDB(folder / "influxdb")
    database.start()
    with Home() as home:
        config = CONFIG.format(url=database.url)
        login = {"HA_HTTP_URL": f"http://127.0.0.1:{home.port}", "HA_TOKEN": "t" * 40}
        hiq = HiqServe(folder / "hiq", config, **login)
        hiq.start()
        home.wait()
        live = Live(home, database)
        live.start()
        time.sleep(live_s)
        before = len(live.seen)
        database.kill()
        _collect(outcome, home, hiq)
        assert hiq.pid is not None
        begin = len(live.sent)
        began = time.monotonic()
        database.start()
        while _pending(hiq):
            outcome.draining_mib = max(outcome.draining_mib, resident_mib(hiq.pid))
            time.sleep(0.1)
        outcome.drained_s = time.monotonic() - began
        drained = len(live.sent)
        time.sleep(live_s)
        live.stop()
        outcome.live["before"] = live.waits(0, before)
        outcome.live["while it drains"] = live.waits(begin, drained)
        outcome.live["after"] = live.waits(drained, len(live.sent))
        until("all is delivered", lambda: not _pending(hiq), 60)
        hiq.terminate()
    outcome.stored = _count(database, "°C")
    outcome.live_sent, outcome.live_stored = len(live.sent), _count(database, "live")
    database.kill()
    return outcome


def _collect(outcome: Outcome, home: Home, hiq: HiqServe) -> None:
    """Send the day, and note how memory and journal grow."""
    assert hiq.pid is not None
    events = day(outcome.events, Random(1))
    sent, step = 0, max(1, outcome.events // LOOKS)
    while sent < outcome.events:
        count = min(PIECE, step - sent % step, outcome.events - sent)
        home.play(chunks(next(events) for _ in range(count)))
        sent += count
        if sent % step == 0 or sent == outcome.events:
            until("all is in the journal", lambda n=sent: _journaled(hiq, n), 60)
            files = (hiq.data / "journal").rglob("*.seg")
            size = sum(path.stat().st_size for path in files) / 2**20
            outcome.growth.append((sent, resident_mib(hiq.pid), size))


def _journaled(hiq: HiqServe, sent: int) -> bool:
    """Whether all is accepted that was sent; new states come all the time."""
    status = hiq.status()
    return int(status["received"]) >= sent and int(status["buffered"]) <= LIVE_RATE


def _pending(hiq: HiqServe) -> int:
    """Points that are not yet in the database, but for the last moment's."""
    sink = hiq.status()["sinks"]["influxdb"]
    return max(0, int(sink["pending"]) - int(2 * LIVE_RATE))


def _count(database: InfluxDB, measurement: str) -> int:
    rows = database.query(f'SELECT count("value") AS n FROM "{measurement}"')
    return int(rows[0]["n"]) if rows else 0


def report(outcome: Outcome) -> str:
    """Return the tables in Markdown."""
    lines = ["| events | resident MiB | journal MiB | bytes per event |"]
    lines.append("|---|---|---|---|")
    for count, mib, size in outcome.growth:
        share = size * 2**20 / count
        lines.append(f"| {count:,} | {mib:.1f} | {size:.1f} | {share:.1f} |")
    lines += ["", "| a new state into the database, s | p50 | p99 | longest |"]
    lines.append("|---|---|---|---|")
    for phase, found in outcome.live.items():
        waits = sorted(found) or [float("nan")]
        p50, p99 = statistics.median(waits), waits[int(len(waits) * 0.99)]
        lines.append(f"| {phase} | {p50:.2f} | {p99:.2f} | {waits[-1]:.2f} |")
    rate = outcome.events / max(outcome.drained_s, 1e-9)
    lines += [
        "",
        (
            f"Drained in {outcome.drained_s:.0f} s, {rate:,.0f} points/s, with at most "
            f"{outcome.draining_mib:.0f} MiB. In the database: {outcome.stored:,} of "
            f"{outcome.events:,}, and {outcome.live_stored:,} of "
            f"{outcome.live_sent:,} new states."
        ),
    ]
    return "\n".join(lines)


def main() -> int:
    """Run it and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=5_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = outage(Path(folder), given.events)
    print(report(outcome))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
