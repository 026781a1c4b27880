"""Completion: what each shell asks hiq, and a real bash that completes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
ASKED = {
    "bash": {"COMP_WORDS": "hiq ta", "COMP_CWORD": "1"},
    "zsh": {"COMP_WORDS": "hiq ta", "COMP_CWORD": "1"},
    "fish": {"COMP_WORDS": "hiq ta", "COMP_CWORD": "ta"},
}


def run(command: list[str], **more: str) -> str:
    """What a command says."""
    done = subprocess.run(
        command,
        env={**ENVIRONMENT, **more},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout


@pytest.mark.parametrize("shell", sorted(ASKED))
def test_a_shell_is_told_the_commands(shell: str) -> None:
    """Of `hiq ta` there is one way to go on."""
    answer = run(["hiq"], _HIQ_COMPLETE=f"{shell}_complete", **ASKED[shell])
    words = answer.replace(",", " ").split()
    assert "tail" in words
    assert "serve" not in words


def test_bash_completes() -> None:
    """The script of the how-to makes a real bash complete commands and options."""
    script = (
        'eval "$(_HIQ_COMPLETE=bash_source hiq)"; '
        "COMP_WORDS=(hiq ta); COMP_CWORD=1; _hiq_completion hiq; echo ${COMPREPLY[@]}; "
        "COMPREPLY=(); COMP_WORDS=(hiq tail --min); COMP_CWORD=2; _hiq_completion hiq; "
        "echo ${COMPREPLY[@]}"
    )
    assert run(["bash", "-c", script]).split() == ["tail", "--min-interval"]
