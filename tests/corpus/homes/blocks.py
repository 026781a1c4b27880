"""Prints what Home Assistant makes of its configurations: the block, as JSON.

    <python of Home Assistant> blocks.py FOLDER [...]

Runs Home Assistant's own loader and merges packages as at its start.
"""

import asyncio
import json
import sys
from pathlib import Path

from homeassistant.core import HomeAssistant  # isort: skip  (before its loader)
from homeassistant import loader
from homeassistant.config import async_hass_config_yaml


async def block(folder):
    """Load one configuration."""
    hass = HomeAssistant(str(folder))
    loader.async_setup(hass)
    hass.config.skip_pip = True
    try:
        return (await async_hass_config_yaml(hass))["influxdb"]
    finally:
        await hass.async_stop(force=True)


print(json.dumps({name: asyncio.run(block(Path(name))) for name in sys.argv[1:]}))
