"""What happens to Home Assistant, and on the way to it."""

from __future__ import annotations

import os
import signal
import time
from random import Random

from tests.campaign.ground import Ground

__all__ = ["HOME_FAULTS"]

LONG_S = 45.0
"""Longer than hiq waits for the answer to a ping."""
BURST = 12_000
GARBAGE = (
    *(b"", b"{", b"\xff\xfe\x00", b"null", b"[1,2", b'{"type":"event","event":'),
    *(b'{"id":1,"type":"event","event":{"event_type":"state_changed","data":7}}',),
    *(b"[" * 5000, b'"\\ud800"', b"1e999", b'{"a":1}trailing'),
)


def cut_connection(ground: Ground, random: Random) -> str:
    """The connection is cut without a word."""
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


def swallow(ground: Ground, random: Random) -> str:
    """The network swallows everything, both ways; now and then until a ping fails."""
    for_s = LONG_S if random.random() < 0.04 else random.uniform(0.5, 3)
    ground.home.stall()
    time.sleep(for_s)
    ground.home.resume()
    return f"for {for_s:.1f} s"


def half_open(ground: Ground, random: Random) -> str:
    """Home Assistant's end is gone and hiq's does not know; then the network is back."""
    for_s = random.uniform(0.5, 2)
    ground.home.stall()
    ground.home.do(ground.home.simulator.drop)
    time.sleep(for_s)
    ground.home.resume()
    return f"for {for_s:.1f} s"


def revoke_token(ground: Ground, random: Random) -> str:
    """The token is revoked; a new one is written into hiq's file a little later."""
    after_s = random.uniform(0.1, 2)
    token = f"{random.getrandbits(200):050x}"
    ground.home.do(lambda: ground.home.simulator.change_token(token))
    time.sleep(after_s)
    ground.home.write_token()
    return f"a new one after {after_s:.1f} s"


def be_too_slow(ground: Ground, random: Random) -> str:
    """While hiq stands still a burst comes, until Home Assistant cuts it."""
    process = ground.hiq.pid
    assert process is not None
    os.kill(process, signal.SIGSTOP)
    links = list(ground.home.simulator.links)
    for _ in range(BURST // 500):
        ground.home.do(lambda: ground.home.simulator.fire(500))
    time.sleep(random.uniform(0, 0.5))
    os.kill(process, signal.SIGCONT)
    cut = any(link.session.log.cut_reason for link in links)
    return f"a burst of {BURST}, {'cut' if cut else 'not cut'}"


def send_garbage(ground: Ground, random: Random) -> str:
    """Frames that Home Assistant never sends come between good ones."""
    frames = random.sample(GARBAGE, 3)
    frames.append(random.randbytes(random.randrange(1, 2000)))
    for frame in frames:
        ground.home.wait(ground.home.simulator.garble(frame))
    return f"{len(frames)} frames"


def send_giants(ground: Ground, random: Random) -> str:
    """States of some hundred kilobytes."""
    sizes = [random.randrange(100_000, 900_000) for _ in range(3)]
    for number, size in enumerate(sizes):
        name = f"sensor.giant_{number}"
        ground.home.do(
            lambda size=size, name=name: ground.home.simulator.giant(size, name)
        )
    return f"{sum(sizes) // 1000} kB in {len(sizes)}"


HOME_FAULTS = {
    "connection cut": cut_connection,
    "Home Assistant away": restart_home,
    "network black-holed": swallow,
    "half-open socket": half_open,
    "token revoked": revoke_token,
    "slow consumer": be_too_slow,
    "garbage frames": send_garbage,
    "giant frames": send_giants,
}
