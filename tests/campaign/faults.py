"""The faults: each is done to the ground, and leaves it so that it can recover.

A fault is a function of the ground and a random generator; it returns a few words
about what it did. What a fault needs and is not there (strace) raises `Unavailable`.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from random import Random

from tests.campaign.ground import Ground, newest

__all__ = ["FAULTS", "Fault", "Unavailable"]

Fault = Callable[[Ground, Random], str]

SYSCALLS = ("fdatasync", "fsync", "pwrite64", "write", "rename", "sendto")
FIRST_CALLS = {"write": 400, "sendto": 200}
STRACED_S = 15.0


class Unavailable(Exception):
    """This fault cannot be made here."""


def kill_hiq(ground: Ground, random: Random) -> str:
    """Kill -9 of hiq at a random instant."""
    after_s = random.uniform(0.05, 1.5)
    time.sleep(after_s)
    ground.hiq.kill()
    ground.bury()
    time.sleep(random.uniform(0, 0.5))
    ground.revive()
    return f"after {after_s:.2f} s"


def kill_at_a_system_call(ground: Ground, random: Random) -> str:
    """Kill -9 of hiq at the n-th call of one kind, by strace."""
    strace = shutil.which("strace")
    if strace is None:
        raise Unavailable("strace is not installed")
    name = random.choice(SYSCALLS)
    number = random.randint(1, FIRST_CALLS.get(name, 12))
    inject = f"inject={name}:signal=SIGKILL:when={number}"
    ground.hiq.terminate()
    ground.hiq.prefix = (
        strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", inject,
    )  # fmt: skip
    ground.hiq.launch()
    end = time.monotonic() + STRACED_S
    while ground.hiq.running and time.monotonic() < end:
        time.sleep(0.05)
    died = not ground.hiq.running
    ground.hiq.kill()
    ground.bury()
    ground.revive()
    return f"{name} number {number}{'' if died else ' never came: killed'}"


def delete_cursor(ground: Ground, random: Random) -> str:
    """Kill hiq and delete the place of a sink: it gets everything again."""
    ground.hiq.kill()
    ground.bury()
    files = sorted((ground.hiq.data / "journal" / "cursors").glob("*.json"))
    victim = random.choice(files)
    victim.unlink()
    ground.revive()
    return victim.name


def damage_journal(ground: Ground, random: Random) -> str:
    """Kill hiq and flip a byte of its journal while the database is down.

    What that costs must be a gap, and `hiq verify --repair` brings it back.
    """
    ground.influxdb.kill()
    time.sleep(1.0)
    ground.hiq.kill()
    ground.bury()
    file = random.choice(newest(ground.hiq.data))
    data = bytearray(file.read_bytes())
    at = random.randrange(len(data))
    data[at] ^= 0xFF
    file.write_bytes(data)
    ground.influxdb.start()
    ground.harmed = True
    ground.revive()
    return f"byte {at} of {len(data)}"


def drop_database(ground: Ground, random: Random) -> str:
    """The database is dropped and made again; `hiq verify --repair` fills it."""
    time.sleep(random.uniform(0, 0.3))
    name = ground.influxdb.database
    ground.influxdb.query(f'DROP DATABASE "{name}"')
    time.sleep(random.uniform(0, 2))
    ground.influxdb.create_database(name)
    ground.harmed = True
    return "dropped and made again"


def stop_hiq(ground: Ground, random: Random) -> str:
    """SIGTERM, and a second one in the midst of the stop."""
    time.sleep(random.uniform(0, 0.5))
    twice = random.random() < 0.5
    process = ground.hiq.pid
    assert process is not None
    if twice:
        import os  # noqa: PLC0415  only here

        os.kill(process, signal.SIGTERM)
        time.sleep(random.uniform(0, 0.05))
    status, _ = ground.hiq.terminate()
    ground.bury()
    ground.revive()
    return f"{'twice' if twice else 'once'}, status {status}"


def kill_database(ground: Ground, random: Random) -> str:
    """Kill -9 of InfluxDB, which comes back after a while."""
    down_s = random.uniform(0.1, 3)
    ground.influxdb.kill()
    time.sleep(down_s)
    ground.influxdb.start()
    return f"down for {down_s:.1f} s"


def hang_database(ground: Ground, random: Random) -> str:
    """SIGSTOP of InfluxDB, longer or shorter than hiq waits for an answer."""
    import os  # noqa: PLC0415  only here

    process = ground.influxdb.pid
    assert process is not None
    hung_s = random.choice([0.5, 2, 7])
    os.kill(process, signal.SIGSTOP)
    time.sleep(hung_s)
    os.kill(process, signal.SIGCONT)
    return f"hung for {hung_s} s"


def drop_connection(ground: Ground, random: Random) -> str:
    """Home Assistant's connection is cut without a word."""
    time.sleep(random.uniform(0, 0.3))
    ground.home.do(ground.home.simulator.drop)
    return "cut"


def restart_home(ground: Ground, random: Random) -> str:
    """Home Assistant's server is away for a while; the home goes on."""
    down_s = random.uniform(0.1, 2)
    ground.home.wait(ground.home.simulator.down())
    time.sleep(down_s)
    ground.home.wait(ground.home.simulator.up())
    return f"away for {down_s:.1f} s"


FAULTS: dict[str, Fault] = {
    "hiq killed": kill_hiq,
    "hiq killed at a system call": kill_at_a_system_call,
    "hiq stopped": stop_hiq,
    "cursor deleted": delete_cursor,
    "journal damaged": damage_journal,
    "database dropped": drop_database,
    "database killed": kill_database,
    "database hung": hang_database,
    "connection cut": drop_connection,
    "Home Assistant away": restart_home,
}
