"""Where the environments of the Home Assistants under test are."""

from __future__ import annotations

import os
from pathlib import Path

from tests.servers.process import missing

ROOT = Path(__file__).resolve().parents[3]


def environment(version: str) -> Path:
    """Return the environment of a version (`2024.3`, `2025.4`), or skip.

    It is `.cache/ha-<version>` of the checkout, or what the variable
    HIQ_TEST_HA_<year> names.
    """
    named = os.environ.get(f"HIQ_TEST_HA_{version.partition('.')[0]}")
    venv = Path(named) if named else ROOT / ".cache" / f"ha-{version}"
    if not (venv / "bin" / "hass").exists():
        missing(
            f"Home Assistant {version}",
            f"run tests/servers/make_home_assistant.sh {version} {venv}",
        )
    return venv
