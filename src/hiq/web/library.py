"""Loads the HTTP library without the certificates that it would read and never use.

At import aiohttp makes a TLS context with all authorities of the system, 2 MiB that
stay. All TLS of hiq uses contexts of its own; one of aiohttp's that was used by mistake
would trust nobody.
"""

from __future__ import annotations

import importlib
import ssl
import threading
from typing import Any

__all__ = ["load_http_library"]


def load_http_library() -> None:
    """Import aiohttp; takes some tenths of a second, may be called in a thread."""
    original = ssl.create_default_context
    mine = threading.get_ident()

    def create_default_context(*args: Any, **options: Any) -> ssl.SSLContext:
        if threading.get_ident() == mine:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return original(*args, **options)  # another part of hiq connects meanwhile

    ssl.create_default_context = create_default_context
    try:
        importlib.import_module("aiohttp")
    finally:
        ssl.create_default_context = original
