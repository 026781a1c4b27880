"""The Dockerfile read as data, and what it promises."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

from image import UnknownStepError, left_out, read  # noqa: E402

STAGES = read((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def test_the_image_promises_what_it_should() -> None:
    """Two stages; a user of numbers, a volume, its own health check, no shell form."""
    build, image = STAGES
    assert build.name == "build"
    assert image.base.endswith("-slim-bookworm")
    user = image.last("USER")
    assert user is not None
    assert user.rest == "10001:10001"
    assert image.last("VOLUME").rest == "/data"
    assert image.environment == {"HIQ_DATA_DIR": "/data"}
    assert image.last("HEALTHCHECK").arguments == ["hiq", "status", "--quiet"]
    started = image.last("ENTRYPOINT").arguments + image.last("CMD").arguments
    assert started == ["hiq", "serve"]
    assert not [step for step in image.steps if step.word == "COPY"]
    assert "apt-get" not in " ".join(step.rest for step in image.steps)


def test_a_run_of_the_image_takes_its_wheels_by_a_mount() -> None:
    """The mount is read, and is no part of the command."""
    (run,) = [step for step in STAGES[1].steps if step.word == "RUN"]
    assert run.mounts == [
        {"type": "bind", "from": "build", "source": "/wheels", "target": "/wheels"}
    ]
    assert run.command.startswith("pip install --no-cache-dir --no-index")


@pytest.mark.parametrize("line", ["ADD x /", "RUN x", "FROM a\nSHELL sh"])
def test_what_is_not_understood_is_an_error(line: str) -> None:
    """Nothing of an image is left out silently."""
    with pytest.raises(UnknownStepError):
        read(line)


@pytest.mark.parametrize(
    ("path", "out"),
    [
        (".git/config", True),
        ("build-wheel/x.o", True),
        ("src/hiq/_core/scan.cpython-311.so", True),
        ("src/hiq/__pycache__/x.pyc", True),
        ("src/hiq/client.py", False),
        ("src/hiq/build.py", False),
    ],
)
def test_what_is_not_copied(path: str, out: bool) -> None:
    """Patterns name paths from the root, or anything at any depth."""
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert left_out(path, patterns) is out
