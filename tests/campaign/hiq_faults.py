"""What happens to hiq itself, and to what it keeps on the disk."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from random import Random

from tests.campaign.ground import Ground, NotNow, Unavailable, newest

__all__ = ["HIQ_FAULTS"]

SYSCALLS = ("fdatasync", "fsync", "pwrite64", "write", "rename", "sendto")
FIRST_CALLS = {"write": 400, "sendto": 200}
STRACED_S = 6.0
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
JUMPS_S = (-86_400, -3_600, -60, 60, 3_600, 86_400)


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
    name = random.choice(SYSCALLS)
    number = random.randint(1, FIRST_CALLS.get(name, 12))
    ground.hiq.terminate()
    ground.hiq.prefix = strace(name, f"signal=SIGKILL:when={number}")
    ground.hiq.launch()
    end = time.monotonic() + STRACED_S
    while ground.hiq.running and time.monotonic() < end:
        time.sleep(0.05)
    died = not ground.hiq.running
    ground.hiq.kill()
    ground.bury()
    ground.revive()
    return f"{name} number {number}{'' if died else ' never came: killed'}"


def fail_system_calls(ground: Ground, random: Random) -> str:
    """The disk answers EIO, ENOSPC or EROFS now and then, for a while."""
    name = random.choice(("fdatasync", "fsync", "pwrite64", "rename"))
    error = random.choice(("EIO", "ENOSPC", "EROFS"))
    step = random.randint(2, 4)
    ground.hiq.terminate()
    ground.hiq.prefix = strace(
        name, f"error={error}:when={random.randint(3, 9)}+{step}"
    )
    try:
        ground.hiq.launch()
        time.sleep(random.uniform(2, 4))
        ended = not ground.hiq.running
        ground.hiq.kill()
    finally:
        ground.bury()
        ground.revive()
    return f"{name}: {error} each {step}th time{', it ended' if ended else ''}"


def stop_hiq(ground: Ground, random: Random) -> str:
    """SIGTERM, and a second one in the midst of the stop."""
    time.sleep(random.uniform(0, 0.5))
    twice = random.random() < 0.5
    process = ground.hiq.pid
    assert process is not None
    if twice:
        os.kill(process, signal.SIGTERM)
        time.sleep(random.uniform(0, 0.05))
    status, _ = ground.hiq.terminate()
    ground.bury()
    ground.revive()
    return f"{'twice' if twice else 'once'}, status {status}"


def jump_in_time(ground: Ground, random: Random) -> str:
    """The clock of hiq jumps while it runs, and back when it is started again."""
    library = next(Path("/").glob(FAKETIME[1:]), None)
    if library is None:
        raise Unavailable("libfaketime is not installed")
    jump_s = random.choice(JUMPS_S)
    file = ground.folder / "faketime"
    file.write_text("+0")
    ground.hiq.terminate()
    ground.bury()
    ground.revive(
        (
            "env",
            f"LD_PRELOAD={library}",
            f"FAKETIME_TIMESTAMP_FILE={file}",
            # Not at each call: a start would take many times its processor time.
            "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        )
    )
    time.sleep(random.uniform(0.2, 1))
    file.write_text(f"{jump_s:+d}")
    time.sleep(random.uniform(1.1, 1.5))
    ground.home.do(ground.home.simulator.drop)
    time.sleep(random.uniform(0.5, 1.5))
    if random.random() < 0.5:
        ground.hiq.kill()
    else:
        ground.hiq.terminate()
    ground.bury()
    ground.revive()
    return f"by {jump_s} s"


def delete_cursor(ground: Ground, random: Random) -> str:
    """Kill hiq and delete the place of a sink: it gets everything again."""
    ground.hiq.kill()
    ground.bury()
    files = sorted((ground.hiq.data / "journal" / "cursors").glob("*.json"))
    victim = random.choice(files)
    victim.unlink()
    ground.revive()
    return victim.name


def flip_a_byte(ground: Ground, random: Random) -> str:
    """A byte of the journal is wrong, of records that no database has."""
    file = _strike(ground, random)
    data = bytearray(file.read_bytes())
    at = random.randrange(len(data))
    data[at] ^= 1 << random.randrange(8)
    file.write_bytes(data)
    ground.revive()
    return f"byte {at} of {len(data)}"


def truncate_the_journal(ground: Ground, random: Random) -> str:
    """The end of the journal is gone, at any byte."""
    file = _strike(ground, random)
    size = file.stat().st_size
    cut = random.randrange(1, min(size, 4096))
    os.truncate(file, size - cut)
    ground.revive()
    return f"{cut} bytes of {size}"


def delete_a_segment(ground: Ground, random: Random) -> str:
    """A whole file of the journal is gone."""
    file = _strike(ground, random)
    file.unlink()
    ground.revive()
    return file.name


def fill_the_disk(ground: Ground, random: Random) -> str:
    """The file system of the journal is full for a while."""
    if not ground.has_own_disk:
        raise Unavailable("no right to mount a file system of its own")
    ballast = ground.hiq.data / "ballast"
    for_s = random.uniform(0.5, 3)
    try:
        with ballast.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                pass
    except OSError:
        time.sleep(for_s)
    finally:
        ballast.unlink()
    return f"for {for_s:.1f} s"


def forget_the_past(ground: Ground, random: Random) -> str:
    """The recorder forgets the time in which hiq was dead: lost for good."""
    if ground.harmed or ground.emptied:  # the repair needs the recorder
        raise NotNow
    ground.hiq.kill()
    ground.bury()
    time.sleep(random.uniform(0.3, 1.5))
    ground.home.do(ground.home.simulator.history.clear)
    ground.forgotten |= ground.home.truth()
    ground.revive()
    return "the recorder is empty"


def _strike(ground: Ground, random: Random) -> Path:
    """Stop InfluxDB, let something be journaled, kill hiq; choose a file."""
    ground.influxdb.kill()
    time.sleep(random.uniform(0.5, 1.5))
    ground.hiq.kill()
    ground.bury()
    ground.influxdb.start()
    ground.harmed = True
    return random.choice(newest(ground.hiq.data))


def strace(name: str, what: str) -> tuple[str, ...]:
    """Return the command that lets system calls of one kind fail."""
    program = shutil.which("strace")
    if program is None:
        raise Unavailable("strace is not installed")
    inject = f"inject={name}:{what}"
    return (
        program, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", inject,
    )  # fmt: skip


HIQ_FAULTS = {
    "hiq killed": kill_hiq,
    "hiq killed at a system call": kill_at_a_system_call,
    "system calls fail": fail_system_calls,
    "hiq stopped": stop_hiq,
    "clock jumps": jump_in_time,
    "cursor deleted": delete_cursor,
    "journal: a bit flipped": flip_a_byte,
    "journal: truncated": truncate_the_journal,
    "journal: a file deleted": delete_a_segment,
    "disk full": fill_the_disk,
    "recorder emptied while hiq is dead": forget_the_past,
}
