"""Whatever the OpenAPI document allows is answered as it says, by another judge.

Schemathesis makes the requests and checks status, type, headers and body of every
answer; also requests that break the document's rules must not end in a fault.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from pathlib import Path

import pytest

from hiq.web import api
from hiq.web.openapi import document
from hiq.web.routes import ROUTES
from tests.web.serving import served
from tests.web.test_service_routes import fill

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "20"))


async def judged(url: str, folder: Path, *options: str) -> tuple[int | None, str]:
    """Return the exit status of the judge and what it said."""
    if importlib.util.find_spec("schemathesis") is None:
        if "CI" in os.environ:
            pytest.fail("schemathesis is not installed; see the extra `test`")
        pytest.skip("schemathesis is not installed; see the extra `test`")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run"),
        *("--max-examples", str(EXAMPLES), "--seed", "1", "--no-color"),
        *("--generation-database", "none", "--request-timeout", "10"),
        *("--exclude-path", "/ws/status", "--exclude-path", "/ws"),
        *("--warnings", "off", *options),
        f"{url}/openapi.json",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    text, _ = await process.communicate()
    return process.returncode, text.decode()


@pytest.mark.timeout(0 if EXAMPLES > 100 else 120)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"], ids=["open", "closed"])
async def test_every_answer_is_as_documented(tmp_path: Path, host: str) -> None:
    """No fault, no undocumented status, no body of another shape; also without token."""
    async with served(host=host, requests_per_minute=0) as hiq:
        fill(hiq)
        status, text = await judged(hiq.server.url, tmp_path)
    print(text)
    assert status == 0, text
    # Not those three: two WebSockets, and the document that it goes by.
    assert f"Tested: {len(ROUTES) - 3}\n" in text


async def test_the_judge_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is not as documented is found."""
    shown = document("1.2.3")
    alive = shown["components"]["schemas"]["Alive"]
    alive["properties"]["status"]["enum"] = ["dead"]
    monkeypatch.setattr(api, "document", lambda _version: shown)
    async with served(requests_per_minute=0) as hiq:
        status, text = await judged(
            hiq.server.url, tmp_path, "--include-path", "/livez"
        )
    assert status == 1, text
    assert "not one of" in text
