"""The document of a user: versions, patches, limits."""

from __future__ import annotations

from typing import Any

import pytest

from hiq.clients.state import Document


def test_a_write_for_this_version_is_taken() -> None:
    """Each accepted write makes the next version."""
    document = Document()
    assert document.replace(1, {"theme": "dark"}) is None
    patch = [{"op": "replace", "path": "/theme", "value": "light"}]
    assert document.patch(2, patch) is None
    assert (document.version, document.state) == (3, {"theme": "light"})


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_write_for_another_version_changes_nothing(version: int) -> None:
    """Stale and invented versions are a conflict."""
    document = Document()
    refused = document.replace(version, {"a": 1})
    assert refused is not None
    assert refused.code == "VERSION_CONFLICT"
    assert (document.version, document.state) == (1, {})


BAD: list[list[dict[str, Any]]] = [
    [{"op": "test", "path": "/theme", "value": "no"}],
    [{"op": "add", "path": "/x", "value": 1}, {"op": "remove", "path": "/nothing"}],
    [{"op": "replace", "path": "", "value": 7}],
    [{"op": "remove", "path": ""}],
    [{"op": "fly", "path": "/x"}],
    [{"op": ["add"], "path": "/x", "value": 1}],
    [{"op": "add", "path": "/x"}],
    [{"op": "add", "path": 5, "value": 1}],
    [{"op": "add", "path": "x", "value": 1}],
    [{"op": "add", "path": "/theme/x", "value": 1}],
    [{"op": "add", "path": "/list/9", "value": 1}],
    [{"op": "add", "path": "/list/x", "value": 1}],
    [{"op": "move", "from": "/list", "path": "/list/0"}],
    [{"op": "copy", "path": "/x"}],
    [{"op": "test", "path": "/~9", "value": 1}],
]


@pytest.mark.parametrize("patch", BAD, ids=str)
def test_a_failing_patch_changes_nothing(patch: list[dict[str, Any]]) -> None:
    """One bad operation, and none of them is applied."""
    start = {"theme": "dark", "list": [1]}
    document = Document(3, {"theme": "dark", "list": [1]})
    refused = document.patch(3, patch)
    assert refused is not None
    assert refused.code == "PATCH_FAILED"
    assert (document.version, document.state) == (3, start)


def test_ids_with_dots_are_names() -> None:
    """A pointer leads into the settings of one entity."""
    document = Document(1, {"entities": {"light.kitchen": {}}})
    patch = [{"op": "add", "path": "/entities/light.kitchen/hidden", "value": True}]
    assert document.patch(1, patch) is None
    assert document.state == {"entities": {"light.kitchen": {"hidden": True}}}


def test_copies_cannot_fill_the_memory() -> None:
    """Each copy of the whole doubles the document; it ends at the limit."""
    document = Document(1, {"a": "x" * 1000})
    patch = [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(100)]
    refused = document.patch(1, patch)
    assert refused is not None
    assert refused.code == "STATE_TOO_LARGE"
    assert document.version == 1


def test_size_and_depth_are_limited() -> None:
    """More than 256 KiB or 32 levels are refused, and nothing is written."""
    document = Document()
    deep: Any = {}
    for _ in range(32):
        deep = {"a": deep}
    for state in ({"a": "x" * (256 * 1024)}, deep):
        refused = document.replace(1, state)
        assert refused is not None
        assert refused.code == "STATE_TOO_LARGE"
    assert document.replace(1, deep["a"]) is None
