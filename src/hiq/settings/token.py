"""The access token of Home Assistant: its form, and that there is one.

The form is checked before the first attempt to connect, because a wrong token costs
a failed login, and Home Assistant may ban the address after some. The value never
appears in a message.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hiq.errors import ConfigError, Problem

if TYPE_CHECKING:
    from hiq.settings.schema import Settings

__all__ = ["require_home_assistant", "token_problem"]

HOW_TO = (
    "no access token for Home Assistant. Make one: in Home Assistant click your name "
    "(bottom left), Security, Long-lived access tokens, Create token. Put it in one "
    "of three places: `home_assistant: token: ...` in hiq.yaml (`!secret` works), a "
    "file named by `home_assistant: token_file: ...`, or the environment variable "
    "HA_TOKEN"
)


def token_problem(token: str) -> str | None:
    """Return which rule the token breaks, None if it breaks none.

    A token is 32 to 300 of the characters A-Z a-z 0-9 . _ - (a long-lived access
    token is a JSON Web Token of about 180).
    """
    if not token:
        return "the token is empty"
    if not re.fullmatch(r"[a-zA-Z0-9._-]+", token):
        return "the token may hold only the characters A-Z a-z 0-9 . _ -"
    if not 32 <= len(token) <= 300:
        return f"the token must have 32 to 300 characters, it has {len(token)}"
    return None


def require_home_assistant(settings: Settings) -> None:
    """Make sure that a login can be tried; ConfigError says what to do otherwise."""
    home = settings.home_assistant
    if not home.enabled:
        return
    where = settings.source or "settings"
    if home.token is not None:
        return
    if home.token_file is None:
        raise ConfigError(Problem(where, 0, "home_assistant.token", HOW_TO))
    try:
        token = Path(home.token_file).read_text(encoding="utf-8").strip()
    except OSError as exc:
        wrong: str | None = f"cannot read {home.token_file}: {exc.strerror}"
    except UnicodeDecodeError:
        wrong = f"{home.token_file} is not UTF-8 text"
    else:
        wrong = token_problem(token)
        if wrong:
            wrong = f"{home.token_file}: {wrong}"
    if wrong:
        raise ConfigError(Problem(where, 0, "home_assistant.token_file", wrong))
