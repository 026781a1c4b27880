"""Starts hiq in Home Assistant's app: its options become settings of hiq.

In this order: a hiq.yaml in the app's own folder is taken as it is; else the
`influxdb:` block of Home Assistant's configuration, if it is wanted and there; else
the options. Address and token of Home Assistant come from the Supervisor. What needs
root (reading the configuration, owning /data) is done first, then it is given up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

USER = 10001
PORT = 8099
FROM_OPTIONS = {
    "url": "url",
    "database_name": "database",
    "username": "username",
    "password": "password",
    "organization": "org",
    "bucket": "bucket",
    "token": "token",
    "verify_ssl": "verify_ssl",
}


def environment(options: dict[str, Any], data: Path) -> dict[str, str]:
    """Return what is the same wherever the settings come from."""
    found = {
        "HIQ_DATA_DIR": str(data),
        "HIQ_HTTP__HOST": "0.0.0.0",  # only the Supervisor's proxy is believed
        "HIQ_HTTP__PORT": str(PORT),
        "HIQ_HTTP__AUTH": "ingress",
        "HIQ_LOG__LEVEL": str(options.get("log_level") or "info"),
        "HOME": str(data),
    }
    if options.get("journal_size"):
        found["HIQ_JOURNAL__MAX_BYTES"] = str(options["journal_size"])
    return found


def sinks(options: dict[str, Any]) -> str | None:
    """Return the sinks that the options name, None for the embedded store."""
    kind = options.get("database", "embedded")
    if kind == "embedded":
        return None
    sink: dict[str, Any] = {"name": kind, "type": kind}
    for option, key in FROM_OPTIONS.items():
        if options.get(option) not in {None, ""}:
            sink[key] = options[option]
    return json.dumps([sink])


def imported(configuration: Path, target: Path) -> bool:
    """Write hiq.yaml of Home Assistant's block; False if there is none."""
    if not configuration.is_file():
        return False
    command = ["hiq", "config", "import", configuration, "--output", target, "--force"]
    return subprocess.run(command, check=False).returncode == 0


def has_database(config: Path) -> bool:
    """Return whether a block names a database; since 2026 it may hold filters only."""
    command = ["hiq", "config", "show", "--json", "--config", config]
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    listed = json.loads(shown).get("sinks")  # none: the block itself is the database
    return listed is None or any(sink["type"] != "sqlite" for sink in listed)


def plan(
    data: Path, own: Path, home_assistant: Path
) -> tuple[list[str], dict[str, str]]:
    """Return the command and what its environment holds besides."""
    text = (data / "options.json").read_text(encoding="utf-8")
    options: dict[str, Any] = json.loads(text)
    more = environment(options, data)
    made = data / "hiq.yaml"
    found = sinks(options)
    chosen = {"HIQ_SINKS": found} if found else {}
    if (own / "hiq.yaml").is_file():
        print(f"settings: {own / 'hiq.yaml'}, as it is", flush=True)
        return ["hiq", "serve", "--config", str(own / "hiq.yaml")], more
    wanted = options.get("import_influxdb", True)
    if wanted and imported(home_assistant / "configuration.yaml", made):
        print("settings: the influxdb block of Home Assistant", flush=True)
        more |= {} if has_database(made) else chosen
        return ["hiq", "serve", "--config", str(made)], more
    made.unlink(missing_ok=True)
    print(f"settings: options, database {options.get('database')}", flush=True)
    return ["hiq", "serve"], more | chosen


def give_up_root(data: Path) -> None:
    """Own /data as a user without rights, and go on as that one."""
    for folder, _, files in os.walk(data):
        os.chown(folder, USER, USER)
        for name in files:
            os.chown(Path(folder) / name, USER, USER, follow_symlinks=False)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)


def main() -> None:
    """Become hiq."""
    data = Path("/data")
    command, more = plan(data, Path("/config"), Path("/homeassistant"))
    if os.geteuid() == 0:
        give_up_root(data)
    os.chdir(data)
    os.execvpe(command[0], command, {**os.environ, **more})  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
