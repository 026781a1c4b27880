"""What happens to the databases, and on the way to them."""

from __future__ import annotations

import os
import signal
import time
from random import Random

from tests.campaign.front import MODES
from tests.campaign.ground import Ground, NotNow

__all__ = ["DATABASE_FAULTS"]


def kill_database(ground: Ground, random: Random) -> str:
    """Kill -9 of InfluxDB, which comes back after a while."""
    down_s = random.uniform(0.1, 3)
    ground.influxdb.kill()
    time.sleep(down_s)
    ground.influxdb.start()
    return f"down for {down_s:.1f} s"


def hang_database(ground: Ground, random: Random) -> str:
    """SIGSTOP of InfluxDB, longer or shorter than hiq waits for an answer."""
    process = ground.influxdb.pid
    assert process is not None
    hung_s = random.choice([0.5, 1, 2, 4])
    os.kill(process, signal.SIGSTOP)
    time.sleep(hung_s)
    os.kill(process, signal.SIGCONT)
    return f"hung for {hung_s} s"


def drop_database(ground: Ground, random: Random) -> str:
    """The database is dropped and made again; `hiq verify --repair` fills it."""
    if ground.forgotten:  # nothing could fill it again
        raise NotNow
    time.sleep(random.uniform(0, 0.3))
    name = ground.influxdb.database
    ground.influxdb.query(f'DROP DATABASE "{name}"')
    time.sleep(random.uniform(0, 2))
    ground.influxdb.create_database(name)
    ground.grant()
    ground.emptied = True
    return "dropped and made again"


def revoke_rights(ground: Ground, random: Random) -> str:
    """The user of hiq loses the right to write, or its password, and gets it back."""
    away_s = random.uniform(0.2, 2)
    database, user = ground.influxdb.database, ground.user
    ask = ground.influxdb.query
    if random.random() < 0.5:
        ask(f'REVOKE ALL ON "{database}" FROM "{user}"')
        time.sleep(away_s)
        ask(f'GRANT ALL ON "{database}" TO "{user}"')
        return f"no right to write for {away_s:.1f} s"
    ask(f"SET PASSWORD FOR \"{user}\" = 'another'")
    time.sleep(away_s)
    ask(f"SET PASSWORD FOR \"{user}\" = '{ground.password}'")
    return f"another password for {away_s:.1f} s"


def answer_wrongly(ground: Ground, random: Random) -> str:
    """The proxy answers for the database: errors, cuts, half answers, nothing."""
    mode = random.choice(MODES)
    for_s = random.uniform(0.3, 2)
    before = ground.front.struck[mode]
    ground.front.mode = mode
    time.sleep(for_s)
    ground.front.mode = ""
    return f"{mode} for {for_s:.1f} s, {ground.front.struck[mode] - before} times"


DATABASE_FAULTS = {
    "database killed": kill_database,
    "database hung": hang_database,
    "database dropped": drop_database,
    "rights revoked": revoke_rights,
    "wrong answers": answer_wrongly,
}
