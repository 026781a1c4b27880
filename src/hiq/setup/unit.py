"""The systemd unit, made for where this program and its settings are.

The text lies beside this module and is a usable unit for /opt/hiq and /etc/hiq; only
the two paths in it are replaced. Installing it is the administrator's own step.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["UNIT", "unit"]

UNIT = "hiq.service"
CREDENTIAL = (
    "# The token is read from",
    "LoadCredential=",
    "Environment=HIQ_HOME_ASSISTANT__TOKEN_FILE=",
)


def unit(program: Path, settings: Path, *, own_token: bool) -> str:
    """Return the unit.

    Args:
        program: the `hiq` that it starts.
        settings: the file that it reads. The service has a user of its own, so
            systemd opens the file and hands it over as a credential.
        own_token: the settings hold the token, so none is loaded beside them.
    """
    shipped = files("hiq.setup").joinpath(UNIT).read_text(encoding="utf-8")
    head, _, rest = shipped.partition("\n[Unit]\n")
    del head
    lines = ["[Unit]"]
    for line in rest.splitlines():
        if own_token and line.startswith(CREDENTIAL):
            continue
        if line.startswith("ExecStart="):
            lines += [
                f"LoadCredential=settings:{settings}",
                f"ExecStart={program} serve --config %d/settings",
            ]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
