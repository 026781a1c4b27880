"""Where the settings file is looked for, and where hiq keeps its data.

Reads no file: only asks whether one is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["config_candidates", "data_folder", "find_config"]


def _home(env: Mapping[str, str], name: str, default: str) -> Path:
    """Return an XDG base folder (XDG Base Directory Specification)."""
    if env.get(name):
        return Path(env[name])
    return Path(env.get("HOME") or "/") / default


def config_candidates(env: Mapping[str, str]) -> list[Path]:
    """Return where hiq.yaml is looked for when none is named, best first."""
    return [
        Path("hiq.yaml"),
        _home(env, "XDG_CONFIG_HOME", ".config") / "hiq" / "hiq.yaml",
        Path("/etc/hiq/hiq.yaml"),
    ]


def find_config(named: str | Path | None, env: Mapping[str, str]) -> Path | None:
    """Return the settings file: the one named, or the first there is, or None.

    A named file is returned whether it exists or not: its absence is an error.
    """
    if named is not None:
        return Path(named)
    if env.get("HIQ_CONFIG"):
        return Path(env["HIQ_CONFIG"])
    return next((path for path in config_candidates(env) if path.is_file()), None)


def data_folder(env: Mapping[str, str], root: Path = Path("/")) -> Path:
    """Return the folder for journal and store when none is set.

    systemd's state folder, `/data` inside a container, else the user's data folder.
    """
    if env.get("STATE_DIRECTORY"):
        return Path(env["STATE_DIRECTORY"].split(":")[0])
    in_container = any(
        (root / mark).exists() for mark in (".dockerenv", "run/.containerenv")
    )
    if in_container and (root / "data").is_dir():
        return root / "data"
    return (_home(env, "XDG_DATA_HOME", ".local/share") / "hiq").absolute()
