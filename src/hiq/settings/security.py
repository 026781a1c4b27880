"""What does not go together in the settings of security, and what production refuses.

Each of these settings may be well-formed. It must not know how tokens are verified.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hiq.settings.environment import get
from hiq.settings.hosts import is_loopback
from hiq.settings.values import say

if TYPE_CHECKING:
    from hiq.settings.document import Node
    from hiq.settings.schema import HttpSettings, SecuritySettings
    from hiq.settings.values import Problems

__all__ = ["check_security"]

ALGORITHMS = ("HS256", "RS256", "EdDSA")
LEAST_SECRET_BYTES = 32
LEAST_REFRESH_S = 10
FOREIGN_TLS = ("SSL_VERIFY", "NABU_CASA_SSL_VERIFY")


def check_security(
    tree: Node, http: HttpSettings, security: SecuritySettings, problems: Problems
) -> None:
    """Say what is wrong with keys, and what production refuses."""
    _check_algorithms(tree, security, problems)
    refresh = get(tree, "security", "jwks_refresh")
    if refresh is not None and security.jwks_refresh < LEAST_REFRESH_S:
        say(
            problems,
            refresh,
            "security.jwks_refresh",
            f"expected at least {LEAST_REFRESH_S} s",
        )
    if security.mode != "production":
        return
    origins = get(tree, "http", "cors_origins")
    if origins is not None and "*" in http.cors_origins:
        say(
            problems,
            origins,
            "http.cors_origins",
            "`*` is refused in production: name the origins of your pages",
        )
    for path in (("home_assistant",), ("home_assistant", "fallback")):
        node = get(tree, *path, "verify_ssl")
        if node is not None and node.where.endswith(FOREIGN_TLS) and not _yes(node):
            say(
                problems,
                node,
                ".".join((*path, "verify_ssl")),
                "certificates are always verified in production, unless "
                "`verify_ssl: false` stands in hiq.yaml; or set security.mode: "
                "development",
            )
    address = get(tree, "security", "jwks_url")
    if address is not None and _is_plain(security.jwks_url):
        say(
            problems,
            address,
            "security.jwks_url",
            "keys are fetched over https in production, but from this machine itself",
        )
    secret = get(tree, "security", "secret_file")
    if secret is not None and security.secret_file is not None:
        wrong = _secret_problem(Path(security.secret_file))
        if wrong:
            say(problems, secret, "security.secret_file", wrong)


def _check_algorithms(
    tree: Node, security: SecuritySettings, problems: Problems
) -> None:
    node = get(tree, "security", "algorithms")
    if node is None:
        return
    unknown = [name for name in security.algorithms if name not in ALGORITHMS]
    if unknown or not security.algorithms:
        say(
            problems,
            node,
            "security.algorithms",
            f"expected some of {', '.join(ALGORITHMS)}; `none` is never one of them",
        )
    public = {"RS256", "EdDSA"} & set(security.algorithms)
    sources = (security.public_key_file, security.jwks_file, security.jwks_url)
    if public and not any(sources):
        say(
            problems,
            node,
            "security.algorithms",
            f"{' and '.join(sorted(public))} need public_key_file, jwks_file or "
            "jwks_url",
        )


def _secret_problem(path: Path) -> str | None:
    try:
        length = len(path.read_bytes().strip())
    except OSError as exc:
        return f"cannot read {path}: {exc.strerror}"
    if length < LEAST_SECRET_BYTES:
        return f"{path} has {length} bytes, production needs {LEAST_SECRET_BYTES}"
    return None


def _is_plain(address: str | None) -> bool:
    """Return whether anybody between could give us keys of his own."""
    parts = urlsplit(address or "")
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _yes(node: Node) -> bool:
    return str(node.value).strip().lower() in {"true", "1", "yes", "on"}
