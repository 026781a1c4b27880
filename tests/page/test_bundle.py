"""The files of the page: their weight, their names, where they come from."""

from __future__ import annotations

import json
import re
import subprocess
from urllib.parse import urlsplit

import aiohttp

from hiq.web.pagefiles import BUNDLE, page_files
from tests.page.conftest import ROOT
from tests.web.serving import served

HEAVIEST = 120 * 1024
LINK = re.compile(r'(?:src|href)="(static/[^"]+)"')


async def test_it_weighs_little() -> None:
    """Page, script and style together take at most 120 KiB on the wire."""
    async with (
        served() as hiq,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
        async with session.get(hiq.server.url + "/", headers=headers) as answer:
            weight = len(await answer.read())
        links = LINK.findall((BUNDLE / "index.html").read_text("utf-8"))
        assert len(links) == 2
        for link in links:
            async with session.get(
                f"{hiq.server.url}/{link}", headers=headers
            ) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Encoding"] == "gzip"
                assert "immutable" in answer.headers["Cache-Control"]
                weight += len(await answer.read())
    print(f"{weight} bytes")
    assert 10_000 < weight <= HEAVIEST


async def test_a_client_that_knows_no_gzip_gets_it_plain() -> None:
    """The same bytes, not compressed; the page itself is asked anew each time."""
    async with served() as hiq:
        headers = {"Accept": "text/html", "Accept-Encoding": "identity"}
        status, body, found = await hiq.get("/", **headers)
        assert status == 200
        assert "Content-Encoding" not in found
        assert body.encode() == (BUNDLE / "index.html").read_bytes()
        assert found["Cache-Control"] == "no-store"


async def test_without_the_bundle_the_plain_page_says_so() -> None:
    """A build without Node has a page that names what it is."""
    async with served(plain=True) as hiq:
        _, body, _ = await hiq.get("/", Accept="text/html")
        assert "built here without Node" in body
        assert (await hiq.get("/static/page.js"))[0] == 200


def test_the_licence_of_what_is_bundled_is_shipped() -> None:
    """UPlot's text lies beside the bundle."""
    assert page_files().bundled
    assert "uplot" in (BUNDLE / "licences.txt").read_text("utf-8")


def test_its_types_fit() -> None:
    """The bundler only strips types; the compiler judges them."""
    done = subprocess.run(
        ["npm", "run", "--silent", "check"],
        cwd=ROOT / "frontend", check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_no_file_is_long() -> None:
    """The rule of the house for sources holds here too."""
    sources = [*(ROOT / "frontend/src").iterdir(), ROOT / "frontend/build.mjs"]
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in sources}
    assert max(lengths.values()) <= 350, lengths


def test_the_lockfile_names_no_other_registry() -> None:
    """Every package is pinned by its content; where it comes from is npm's own choice."""
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text("utf-8"))
    packages = {name: found for name, found in lock["packages"].items() if name}
    assert packages
    for name, found in packages.items():
        assert found["integrity"].startswith("sha512-"), name
        host = urlsplit(found.get("resolved", "")).hostname
        assert host in {None, "registry.npmjs.org"}, name
