"""A Dockerfile read as data: its stages, their steps, and what is left out of COPY.

Only what this project's Dockerfile uses is understood; anything else is an error, so
that a check made with it cannot silently do less than the image's build. It runs
nothing and knows nothing of any engine.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KNOWN = {
    *("RUN", "COPY", "ENV", "USER", "WORKDIR", "LABEL", "VOLUME", "EXPOSE"),
    *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
}
MOUNT = re.compile(r"--mount=(\S+)\s+")


class UnknownStepError(ValueError):
    """A step that this reader does not understand."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, its lines joined."""

    word: str
    rest: str

    @property
    def mounts(self) -> list[dict[str, str]]:
        """The mounts of a RUN."""
        return [
            dict(part.split("=", 1) for part in text.split(","))
            for text in MOUNT.findall(self.rest)
        ]

    @property
    def command(self) -> str:
        """The shell text of a RUN."""
        return MOUNT.sub("", self.rest)

    @property
    def arguments(self) -> list[str]:
        """The words of an exec form; those of a HEALTHCHECK are of its CMD."""
        text = (
            self.rest.partition("CMD ")[2] if self.word == "HEALTHCHECK" else self.rest
        )
        found: list[str] = json.loads(text)
        return found


@dataclass(slots=True)
class Stage:
    """What is built on one base."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def last(self, word: str) -> Step | None:
        """Return the step that counts, where the last one wins."""
        return next((step for step in reversed(self.steps) if step.word == word), None)

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets."""
        words = [w for s in self.steps if s.word == "ENV" for w in shlex.split(s.rest)]
        return dict(word.split("=", 1) for word in words)


def read(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile; UnknownStepError for what is not known."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name))
        elif word not in KNOWN or not stages:
            raise UnknownStepError(line)
        else:
            stages[-1].steps.append(Step(word, rest.strip()))
    return stages


def left_out(path: str, patterns: Iterable[str]) -> bool:
    """Return whether .dockerignore keeps a file, or a folder above it, from COPY."""
    parts = path.split("/")
    for pattern in patterns:
        if not pattern or pattern.startswith("#"):
            continue
        anywhere = pattern.startswith("**/")
        wanted = pattern.removeprefix("**/").rstrip("/").split("/")
        starts = range(len(parts)) if anywhere else (0,)
        for start in starts:
            piece = parts[start : start + len(wanted)]
            if len(piece) == len(wanted) and all(map(fnmatchcase, piece, wanted)):
                return True
    return False
