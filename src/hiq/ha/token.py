"""The token of one candidate: given, or in a file that may change while we run.

Reading is a single small blocking read. What the token means to Home Assistant, and
what follows when it is refused, is not known here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from hiq.errors import TokenError
from hiq.settings.token import token_problem

if TYPE_CHECKING:
    from hiq.ha.locate import Candidate

__all__ = ["read_token"]

LONGEST: Final = 4096


def read_token(candidate: Candidate) -> str:
    """Return the token to log in with, read afresh if it lies in a file.

    Raises:
        TokenError: there is none, or it cannot be a token; no use in trying.
    """
    if candidate.token is not None:
        token = candidate.token
    elif candidate.token_file is not None:
        token = _read(candidate.token_file)
    else:
        raise TokenError(
            "none is set, give home_assistant.token, token_file or HA_TOKEN"
        )
    broken = token_problem(token)
    if broken is not None:
        raise TokenError(broken)
    return token


def _read(path: str) -> str:
    """Return the text of a token file without the white space around it."""
    try:
        with Path(path).open(encoding="ascii") as file:
            return file.read(LONGEST).strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not ASCII text"
        raise TokenError(f"token file {path}: {reason}") from exc
