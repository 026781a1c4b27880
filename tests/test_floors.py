"""Imports go down only: the table of floors, and a reader of every import."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "hiq"

FLOOR_0 = (
    *("errors", "settings", "log", "backoff", "breaker", "flow", "stats", "gaps"),
    *("rates", "words", "accepting"),
)
FLOOR_2 = {
    "assure": (
        *("chains", "chains_answers", "chains_contract", "chains_order"),
        "chains_report",
        *("chains_state", "contracts", "contracts_events", "contracts_targets"),
        *("levels", "levels_agents"),
        *("alerts", "monitor_claims", "monitor_facts", "monitor_kinds"),
        *("monitor_latency", "monitor_rates", "monitor_rhythm", "monitor_rules"),
        *("monitor_compare", "monitor_stages"),
        "",  # the package itself imports nothing
    ),
    "ha": (
        *("messages", "commands", "session", "states", "locate"),
        *("events", "history_plan", "history_rows", "home", "registries"),
        *("login", "unanswered"),
    ),
    "clients": (
        *("answers", "auth", "clocks", "commands", "counts", "delivered", "denied"),
        "frames",
        *("gatekeeper", "globs", "heartbeat", "hub", "informing", "kept", "known"),
        *(
            "lifecycle",
            "limits",
            "numbered",
            "offered",
            "outbox",
            "owed",
            "rounds",
            "routes",
            "sendings",
        ),
        *("session_rows", "wire"),
        *("principal", "protocol", "reading", "rules", "sessions", "state"),
        *("subscriptions", "users", "homeiq", ""),  # the package itself imports nothing
    ),
    "journal": ("segment", "windows"),
    "sink": ("base", "dialect", "decode", "http1", "coerce", "charted", "metricsql"),
    "web": (
        *("exposition", "health", "house", "house_lists", "routes", "openapi"),
        *("limits", "traffic", "directory", "home_metrics"),
        *("types", "types.errors", "types.health", "types.home", "types.house"),
        *("types.service", "types.clients", "types.page", "types.alerts"),
    ),
    "simulate": ("world", "protocol", "history", "kinds", "registries", "schema"),
}
PACKAGES = ("assure", "clients", "ha", "journal", "sink", "web", "simulate")
FORBIDDEN_BELOW_3 = {"asyncio", "socket", "aiohttp", "picows", "time", "random"}
THIRD_PARTY = {
    0: {"msgspec", "yaml"},
    1: set(),
    2: {"msgspec", "orjson", "jwt", "jsonpatch", "jsonpointer"},
    3: {
        *("msgspec", "orjson", "jwt", "cryptography", "picows", "aiohttp"),
        "websockets",
    },
    4: {
        "msgspec",
        "orjson",
        "click",
        "isal",
        "aiohttp",
        "yaml",
        "zeroconf",
        "websockets",
    },
}
PYX_IMPORT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+c?import|c?import\s+([\w.]+))", re.MULTILINE
)


def modules() -> list[str]:
    """Every module of hiq as a dotted path below hiq."""
    found = []
    for path in sorted([*SRC.rglob("*.py"), *SRC.rglob("*.pyx")]):
        parts = path.relative_to(SRC).with_suffix("").parts
        if parts not in {("__init__",), ("__main__",)}:
            found.append(".".join(p for p in parts if p != "__init__"))
    return found


def source(module: str) -> Path:
    """File of a module."""
    base = SRC.joinpath(*module.split("."))
    for path in (
        base.with_suffix(".py"),
        base.with_suffix(".pyx"),
        base / "__init__.py",
    ):
        if path.exists():
            return path
    raise AssertionError(module)


def imports(module: str) -> set[str]:
    """Absolute names that a module imports at run time, also inside functions."""
    path = source(module)
    if path.suffix == ".pyx":
        text = path.read_text(encoding="utf-8")
        return {a or b for a, b in PYX_IMPORT.findall(text)}
    names: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names.add(node.module or "")
            names.update(
                f"{node.module}.{a.name}"
                for a in node.names
                if (node.module or "").startswith("hiq")
                and is_module(f"{node.module}.{a.name}")
            )
    return names


def is_module(name: str) -> bool:
    """Whether a dotted name is a module of hiq."""
    base = SRC.joinpath(*name.split(".")[1:])
    return base.with_suffix(".py").exists() or (base / "__init__.py").exists()


def floor(module: str) -> int:
    """Floor of a module, by the table."""
    head, _, rest = module.partition(".")
    if head in FLOOR_0:
        return 0
    if head == "_core":
        return 1
    if head in PACKAGES:
        return 2 if rest in FLOOR_2.get(head, ()) else 3
    return 4


@pytest.mark.parametrize("module", modules())
def test_imports_go_down_only(module: str) -> None:
    """A module imports its own floor's neighbours or what lies below."""
    mine = floor(module)
    package = module.partition(".")[0]
    for name in imports(module):
        if not (name == "hiq" or name.startswith("hiq.")):
            continue
        target = name.removeprefix("hiq").removeprefix(".")
        if not target:
            assert mine == 4, f"{module} imports the package itself"
            continue
        theirs = floor(target)
        other = target.partition(".")[0]
        assert theirs <= mine, f"{module} (floor {mine}) imports {target} ({theirs})"
        if mine == 1:
            assert other == "_core", f"{module} leaves the core"
        if mine in {2, 3} and theirs in {2, 3}:
            assert other == package, f"{module} imports another package: {target}"


@pytest.mark.parametrize("module", modules())
def test_foreign_imports_have_their_floor(module: str) -> None:
    """Libraries appear only on the floors that are meant to know them."""
    mine = floor(module)
    if source(module).suffix == ".pyx":
        return
    for name in imports(module):
        top = name.partition(".")[0]
        if top == "hiq" or top == "__future__":
            continue
        if top in sys.stdlib_module_names:
            if mine == 2:
                assert top not in FORBIDDEN_BELOW_3, f"{module} imports {name}"
        else:
            assert top in THIRD_PARTY[mine], f"{module} (floor {mine}) imports {name}"


def test_every_source_file_fits_its_room() -> None:
    """No file of source, tests or benchmarks is longer than 350 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in (SRC, ROOT / "tests", ROOT / "benchmarks")
        for pattern in ("*.py", "*.pyx", "*.pxd", "*.h", "*.css")
        for path in folder.rglob(pattern)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert long == {}
