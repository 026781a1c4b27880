"""The questions of `hiq init`: each is answered by a flag, a person, or a default.

With nobody at the terminal nothing is asked; what has no default and no flag is then
an error that names the flag. It knows neither the network nor the settings file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DATABASES", "Asker", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a database needs.

    Attributes:
        key: of the sink's settings.
        flag: that answers it.
        text: as it is asked.
        default: the answer if nobody says anything; None: there must be one.
        secret: it is not shown while it is typed.
    """

    key: str
    flag: str
    text: str
    default: str | None = None
    secret: bool = False


_USER = Question("username", "--db-username", "User of the database (empty: none)", "")
_PASSWORD = Question(
    "password", "--db-password", "Password (empty: none)", "", secret=True
)
_TOKEN = Question("token", "--db-token", "Token of the database", secret=True)

DATABASES: Final[Mapping[str, tuple[Question, ...]]] = {
    "sqlite": (),
    "influxdb1": (
        Question("url", "--db-url", "Address of InfluxDB", "http://localhost:8086"),
        Question("database", "--database", "Database", "home_assistant"),
        _USER,
        _PASSWORD,
    ),
    "influxdb2": (
        Question("url", "--db-url", "Address of InfluxDB", "http://localhost:8086"),
        Question("org", "--org", "Organisation"),
        Question("bucket", "--bucket", "Bucket", "home_assistant"),
        _TOKEN,
    ),
    "influxdb3": (
        Question("url", "--db-url", "Address of InfluxDB", "http://localhost:8181"),
        Question("database", "--database", "Database", "home_assistant"),
        _TOKEN,
    ),
    "victoriametrics": (
        Question(
            "url", "--db-url", "Address of VictoriaMetrics", "http://localhost:8428"
        ),
        _USER,
        _PASSWORD,
    ),
}


class Asker:
    """Gets answers, from a person only if there is one.

    Args:
        person: whether somebody is at the terminal to be asked.
    """

    def __init__(self, *, person: bool) -> None:
        self.person = person

    def ask(self, question: Question, given: str | None) -> str:
        """Return the answer; UsageError if there is none."""
        if given is not None:
            return given
        if self.person:
            answer: str = click.prompt(
                question.text,
                default=question.default,
                hide_input=question.secret,
                show_default=bool(question.default),
                err=True,
            )
            return answer.strip()
        if question.default is None:
            raise click.UsageError(
                f"{question.flag} is missing, and there is nobody to ask"
            )
        return question.default

    def choose(self, text: str, choices: Sequence[str], default: int = 0) -> int:
        """Return the index of the chosen line; the default if nobody is there."""
        if not self.person or len(choices) == 1:
            return default
        for number, choice in enumerate(choices, 1):
            click.echo(f"  {number}) {choice}", err=True)
        number = click.prompt(
            text, type=click.IntRange(1, len(choices)), default=default + 1, err=True
        )
        return int(number) - 1

    def sure(self, text: str, *, default: bool) -> bool:
        """Return whether the person agrees; the default if nobody is there."""
        return (
            click.confirm(text, default=default, err=True) if self.person else default
        )
