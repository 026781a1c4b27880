"""Rules of the compiled core that neither Cython nor ruff knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CORE = Path(__file__).parent.parent / "src" / "hiq" / "_core"
BORDER = {"intake", "pipeline", "refusal", "tap", "verdict"}
FUNCTION = re.compile(
    r"^(?P<indent> *)(?:cdef|cpdef) (?!class|struct|enum|extern|union|packed)"
    r"(?P<head>[^\n(=]*?)(?P<name>\w+)\((?P<rest>[^:]*?(?:\([^)]*\)[^:]*?)*)\)"
    r"(?P<suffix>[^:\n]*):[ ]*(?:#[^\n]*)?$",
    re.MULTILINE,
)
DECLARED = re.compile(r"^ *(?:cdef|cpdef) [^\n(=]*?(\w+)\(", re.MULTILINE)


def modules() -> list[str]:
    """Names of the compiled modules."""
    return sorted(path.stem for path in CORE.glob("*.pyx"))


@pytest.mark.parametrize("name", modules())
def test_has_its_table_of_contents_and_its_types(name: str) -> None:
    """Beside each .pyx lie a .pxd and a .pyi."""
    assert (CORE / f"{name}.pxd").exists()
    assert (CORE / f"{name}.pyi").exists()


@pytest.mark.parametrize("name", sorted(set(modules()) - BORDER))
def test_inner_functions_touch_no_python_object(name: str) -> None:
    """Every C function away from the border is `noexcept nogil`."""
    text = (CORE / f"{name}.pyx").read_text(encoding="utf-8")
    bad = [
        found["name"]
        for found in FUNCTION.finditer(text)
        if "noexcept nogil" not in found["suffix"] and "with gil" not in found["suffix"]
    ]
    assert bad == []


@pytest.mark.parametrize("name", modules())
def test_order_is_that_of_the_declarations(name: str) -> None:
    """Functions stand in the .pyx in the order in which the .pxd declares them."""
    declared = DECLARED.findall((CORE / f"{name}.pxd").read_text(encoding="utf-8"))
    text = (CORE / f"{name}.pyx").read_text(encoding="utf-8")
    defined = [found["name"] for found in FUNCTION.finditer(text)]
    shared = [item for item in declared if item in defined]
    assert [item for item in defined if item in shared] == shared
