"""Every module imports alone, and says truly what it exports."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from tests.test_floors import modules, source

PURE = [name for name in modules() if source(name).suffix == ".py"]

ALONE = """
import sys, importlib
failed = []
for name in sys.argv[1:]:
    for loaded in [m for m in sys.modules if m == "hiq" or m.startswith("hiq.")]:
        if not loaded.startswith("hiq._core"):
            del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except ImportError as exc:
        failed.append(f"{name}: {exc}")
print("\\n".join(failed))
"""


def test_every_module_imports_alone() -> None:
    """No module needs that another one was imported before it."""
    names = [f"hiq.{name}" for name in PURE]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *names],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", PURE)
def test_all_names_exist(name: str) -> None:
    """`__all__` is sorted, has no doubles, and names what is there."""
    module = importlib.import_module(f"hiq.{name}")
    names = getattr(module, "__all__", None)
    if names is None:
        public = [
            item
            for item, value in vars(module).items()
            if not item.startswith("_")
            and getattr(value, "__module__", "") == f"hiq.{name}"
        ]
        assert name.startswith("cli.") or not public, f"hiq.{name} has no __all__"
        return
    assert len(set(names)) == len(names)
    assert [item for item in names if not hasattr(module, item)] == []


def test_the_door_of_the_package() -> None:
    """`hiq` exports what the documentation promises, and nothing slips in."""
    hiq = importlib.import_module("hiq")
    assert hiq.__all__ == ["Pipeline", "Verdict", "__version__"]


def test_serving_imports_no_test_library() -> None:
    """`hiq serve` loads neither influxdb-client nor the WebSocket library of tests."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, hiq.service; print('\\n'.join(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert "hiq.service" in loaded
    assert not loaded & {"influxdb_client", "websockets", "pandas", "numpy"}
