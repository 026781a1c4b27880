"""The reason codes."""

from __future__ import annotations

import re
from pathlib import Path

from hiq._core import status
from hiq._core.status import Status

TABLE = Path(status.__file__).with_suffix(".pxd")


def test_values_are_those_of_the_compiled_table() -> None:
    """Python and the compiled modules number the codes alike."""
    text = TABLE.read_text(encoding="utf-8")
    found = {name: int(value) for name, value in re.findall(r"    (\w+) = (\d+)", text)}
    assert found == {code.name: code.value for code in Status}
