"""A bare Debian tree to work in by chroot: a copy, and what of our world it needs.

That is how names are resolved, which certificates are trusted, and how pip and apt
reach their registries; nothing else of the machine is in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["copied", "environment"]

PASSED_ON = (
    "PIP_",
    "SSL_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http",
    "no_proxy",
)


def copied(base: Path, path: Path) -> Path:
    """Make a copy of a tree; return where it is."""
    subprocess.run(["cp", "-a", "--reflink=auto", base, path], check=True)
    for name in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
        shutil.copyfile(f"/{name}", path / name)
    for source in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(source, path / "etc/apt/apt.conf.d")
    return path


def environment(**more: str) -> dict[str, str]:
    """Return what a command there is told; folders of ours mean nothing in it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(PASSED_ON) and not name.endswith("FIND_LINKS")
    }
    return {**kept, **more}
