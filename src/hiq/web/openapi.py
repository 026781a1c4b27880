"""The description of the routes, for programs that read OpenAPI 3.1.

It says what there is and with which status it answers; the keys of the documents are
in docs/reference/http.md, the only place. It must not know how a route is answered.
"""

from __future__ import annotations

from typing import Any

__all__ = ["document"]

JSON = "application/json"
ROUTES: dict[str, tuple[str, str, dict[str, str]]] = {
    "/": (
        "The status page for a browser, else service, version and status.",
        "text/html",
        {"200": "Served."},
    ),
    "/livez": ("Does the loop turn?", JSON, {"200": "It does."}),
    "/healthz": ("The same as /livez.", JSON, {"200": "It does."}),
    "/readyz": (
        "Subscribed to Home Assistant now, and the journal can be written?",
        JSON,
        {"200": "Ready.", "503": "Not ready, with the reasons."},
    ),
    "/health": (
        "The whole picture: connection, counters, journal, sinks, checks.",
        JSON,
        {"200": "Healthy or degraded.", "503": "Unhealthy."},
    ),
    "/health/detailed": (
        "Connection and subscription as HomeIQ shows them.",
        JSON,
        {"200": "Always."},
    ),
    "/metrics": (
        "Counters as Prometheus reads them.",
        "text/plain",
        {"200": "Text format 0.0.4."},
    ),
    "/openapi.json": ("This document.", JSON, {"200": "Served."}),
    "/api/v1/status": (
        "What /health says, with the counters on the top level too.",
        JSON,
        {
            "200": "Served.",
            "401": "Not open without a token here.",
            "403": "From a foreign origin.",
        },
    ),
    "/api/v1/gaps": (
        "The ledger of gaps: when something may be missing, why, and its fate.",
        JSON,
        {
            "200": "Served.",
            "401": "Not open without a token here.",
            "403": "From a foreign origin.",
        },
    ),
}


def document(version: str) -> dict[str, Any]:
    """Return the OpenAPI document; `version` is that of hiq."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "hiq", "version": version, "license": {"name": "MIT"}},
        "paths": {path: {"get": _get(path)} for path in ROUTES},
    }


def _get(path: str) -> dict[str, Any]:
    summary, content_type, statuses = ROUTES[path]
    types = [content_type] if path != "/" else [content_type, JSON]
    return {
        "summary": summary,
        "responses": {
            status: {"description": text, "content": {name: {} for name in types}}
            for status, text in statuses.items()
        },
    }
