"""Where the environments of the Home Assistants under test are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.servers.process import missing

ROOT = Path(__file__).resolve().parents[3]
# 3.13 is optional, in CI too: where it is not, Home Assistant 2025 is not tested.
OPTIONAL = {"2025.4": "3.13"}


def environment(version: str) -> Path:
    """Return the environment of a version (`2024.3`, `2025.4`), or skip (fail in CI).

    It is `.cache/ha-<version>` of the checkout, or what the variable
    HIQ_TEST_HA_<year> names.
    """
    named = os.environ.get(f"HIQ_TEST_HA_{version.partition('.')[0]}")
    venv = Path(named) if named else ROOT / ".cache" / f"ha-{version}"
    if not (venv / "bin" / "hass").exists():
        python = OPTIONAL.get(version)
        if python and not _has_python(python):
            pytest.skip(f"Home Assistant {version} needs Python {python}: not here")
        missing(
            f"Home Assistant {version}",
            f"run tests/servers/make_home_assistant.sh {version} {venv}",
        )
    return venv


def _has_python(version: str) -> bool:
    """Whether an interpreter is in PATH or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = any(pyenv.glob(f"{version}.*/bin/python"))
    return found or shutil.which(f"python{version}") is not None
