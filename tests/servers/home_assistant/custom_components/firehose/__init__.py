"""An integration for tests: state changes in any number and of any kind.

Services (all fields optional):

- `firehose.burst`: `count`, `entities`, `yield_every`, `prefix`. Numeric sensors in
  turn, `yield_every` changes in one turn of the loop.
- `firehose.mixed`: `count`, `entities`, `yield_every`, `pause`. Many domains, with
  creations, removals, unknown and unavailable; the same after every start.
- `firehose.weird`: `rounds`. Every value that is known to make trouble, those
  without a JSON form included.

Each fires the event `firehose_done` when it is through.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from .material import (
    DOMAINS,
    NO_JSON,
    WEIRD_STATES,
    WEIRD_UNITS,
    measured,
    mixed_state,
    weird_attributes,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

DOMAIN = "firehose"


async def async_setup(hass: HomeAssistant, _config: dict[str, object]) -> bool:
    """Register the services."""
    chance = Random(20240303)
    put = hass.states.async_set

    def done(call: ServiceCall) -> None:
        hass.bus.async_fire("firehose_done", {"service": call.service})

    async def burst(call: ServiceCall) -> None:
        entities = int(call.data.get("entities", 100))
        yield_every = int(call.data.get("yield_every", 50))
        prefix = call.data.get("prefix", "burst")
        for number in range(int(call.data.get("count", 1000))):
            which = number % entities
            attributes = {"friendly_name": f"Burst {which}", **measured(which)}
            value = f"{number * 0.37 % 1000:.2f}"
            put(f"sensor.{prefix}_{which}", value, attributes, force_update=True)
            if number % yield_every == yield_every - 1:
                await asyncio.sleep(0)
        done(call)

    async def mixed(call: ServiceCall) -> None:
        entities = int(call.data.get("entities", 200))
        yield_every = int(call.data.get("yield_every", 20))
        pause = float(call.data.get("pause", 0.01))
        for number in range(int(call.data.get("count", 2000))):
            which = chance.randrange(entities)
            domain = DOMAINS[which % len(DOMAINS)]
            entity_id = f"{domain}.mx_{which}"
            fate = chance.random()
            if fate < 0.02:
                hass.states.async_remove(entity_id)
            elif fate < 0.04:
                put(entity_id, "unavailable", {"restored": True})
            elif fate < 0.06:
                put(entity_id, "unknown")
            else:
                put(entity_id, *mixed_state(domain, which, chance))
            if number % yield_every == yield_every - 1:
                await asyncio.sleep(pause)
        done(call)

    async def weird(call: ServiceCall) -> None:
        for number in range(int(call.data.get("rounds", 1))):
            everything = weird_attributes()
            for which, (key, value) in enumerate({**everything, **NO_JSON}.items()):
                put(f"sensor.weird_attribute_{which}", str(number), {key: value})
            put("sensor.weird_number", "12.5", everything, force_update=True)
            put("sensor.weird_text", "on", everything, force_update=True)
            for which, state in enumerate(WEIRD_STATES):
                attributes = {"round": number, "unit_of_measurement": "u"}
                put(f"sensor.weird_state_{which}", state, attributes)
            for which, unit in enumerate(WEIRD_UNITS):
                attributes = {"unit_of_measurement": unit, "color": (number, 2, 3)}
                put(f"sensor.weird_unit_{which}", f"{number}.5", attributes)
            await asyncio.sleep(0)
        done(call)

    for service in (burst, mixed, weird):
        hass.services.async_register(DOMAIN, service.__name__, service)
    return True
