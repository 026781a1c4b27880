"""Keys and revoked tokens from files: made on the first start, read when they change.

Files are looked at on each verification, which is a `stat`; a file that cannot be read
any more leaves the last good content in force, and says so once. Secrets appear in no
message.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeAlias, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hiq.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.settings.schema import SecuritySettings

__all__ = [
    "REVOKED",
    "SECRET",
    "KeyRing",
    "KeySet",
    "RemoteKeys",
    "Revoked",
    "key_set",
    "read_secret",
    "write_private",
]

logger = logging.getLogger("hiq.clients")

T = TypeVar("T")

KeySet: TypeAlias = dict[str | None, tuple[str, Any]]
"""Algorithm and key by key id."""

SECRET: Final = "jwt.secret"  # noqa: S105  the name of its file
REVOKED: Final = "revoked.json"
SECRET_BYTES: Final = 48
MAX_FILE_BYTES: Final = 4 * 1024 * 1024


class _File(Generic[T]):
    """The content of a file, read again when the file has changed."""

    def __init__(self, path: Path, read: Callable[[bytes], T], start: T) -> None:
        self._path = path
        self._read = read
        self._content = start
        self._seen: tuple[int, int, int] | None = None
        self.good_at_ns: int | None = None

    def get(self) -> T:
        """Return the content, the last good one if the file is not good."""
        try:
            found = self._path.stat()
        except OSError:
            return self._content
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen == self._seen:
            return self._content
        self._seen = seen
        try:
            self._content = self._read(_bounded(self._path))
            self.good_at_ns = found.st_mtime_ns
        except (OSError, ValueError, TypeError, jwt.PyJWTError) as exc:
            logger.exception(
                "a file of keys cannot be read, what was read before stays in force",
                extra={"file": str(self._path), "reason": type(exc).__name__},
            )
        return self._content


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        found = file.read(MAX_FILE_BYTES + 1)
    if len(found) > MAX_FILE_BYTES:
        raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
    return found


class RemoteKeys(Protocol):
    """A key set that somebody else keeps; `hiq.clients.remotekeys` fetches it."""

    @property
    def keys(self) -> KeySet:
        """The last good one; empty while there was none."""
        ...

    @property
    def good_at_s(self) -> float | None:
        """Unix seconds at which it was fetched."""
        ...

    def look_again(self) -> None:
        """A token names a key that is not in it."""
        ...


class KeyRing:
    """Keys by algorithm: a secret, a public key, sets of keys.

    ConfigError at construction: a file that is named cannot be read.
    """

    def __init__(
        self,
        settings: SecuritySettings,
        data_dir: Path,
        remote: RemoteKeys | None = None,
    ) -> None:
        self._remote = remote
        self._secret: bytes | None = None
        self._public: dict[str, Any] = {}
        self._set: _File[KeySet] | None = None
        if "HS256" in settings.algorithms:
            self._secret = read_secret(settings, data_dir)
        if settings.public_key_file is not None:
            self._public = _public_key(Path(settings.public_key_file))
        if settings.jwks_file is not None:
            path = Path(settings.jwks_file)
            self._set = _File(path, key_set, {})
            if not self._set.get():
                raise _problem("jwks_file", f"{path} holds no key set that can be used")

    def find(self, algorithm: str, key_id: str | None) -> Any | None:
        """Return the key for an algorithm, None if there is none."""
        if algorithm == "HS256":
            return self._secret
        for keys in self._sets():
            name = next(iter(keys)) if key_id is None and len(keys) == 1 else key_id
            found = keys.get(name)
            if found is not None and found[0] == algorithm:
                return found[1]
        public = self._public.get(algorithm)
        if public is None and self._remote is not None:
            self._remote.look_again()
        return public

    def has(self, algorithm: str) -> bool:
        """Return whether there is any key for an algorithm."""
        if algorithm == "HS256":
            return self._secret is not None
        return algorithm in self._public or any(
            name == algorithm for keys in self._sets() for name, _ in keys.values()
        )

    def _sets(self) -> list[KeySet]:
        found = [] if self._set is None else [self._set.get()]
        return found if self._remote is None else [*found, self._remote.keys]

    @property
    def set_good_at_s(self) -> float | None:
        """Unix seconds at which the key set in force was good; None without one."""
        if self._remote is not None:
            return self._remote.good_at_s
        if self._set is None or self._set.good_at_ns is None:
            return None
        return self._set.good_at_ns / 1e9


class Revoked:
    """The `jti` of revoked tokens."""

    def __init__(self, data_dir: Path) -> None:
        self._file: _File[frozenset[str]] = _File(
            data_dir / REVOKED, _revoked, frozenset()
        )

    def __call__(self, jti: str) -> bool:
        """Return whether a token was revoked."""
        return jti in self._file.get()


def read_secret(settings: SecuritySettings, data_dir: Path) -> bytes:
    """Return the secret of HS256; the one of this instance is made if it is not there.

    ConfigError: the file cannot be read or made, or is too short for production.
    """
    own = data_dir / SECRET
    path = own if settings.secret_file is None else Path(settings.secret_file)
    try:
        if settings.secret_file is None and not own.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # another process was faster
                write_private(own, secrets.token_urlsafe(SECRET_BYTES), new=True)
        found = path.read_bytes().strip()
    except OSError as exc:
        raise _problem("secret_file", f"{path}: {exc.strerror}") from exc
    least = 32 if settings.mode == "production" else 1
    if len(found) < least:
        raise _problem(
            "secret_file", f"{path} has {len(found)} bytes, at least {least} are needed"
        )
    return found


def write_private(path: Path, text: str, *, new: bool = False) -> None:
    """Write a file that only its owner may read, all of it or nothing.

    FileExistsError: it is there although it should be new.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new:
            os.link(beside, path)
        else:
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _public_key(path: Path) -> dict[str, Any]:
    """Return the key of a PEM file under the algorithm that it is for."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as exc:
        raise _problem("public_key_file", f"{path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise _problem("public_key_file", f"{path} holds no public key (PEM)") from exc
    if isinstance(key, RSAPublicKey):
        return {"RS256": key}
    if isinstance(key, Ed25519PublicKey):
        return {"EdDSA": key}
    raise _problem("public_key_file", f"{path}: expected a key of RSA or Ed25519")


def key_set(content: bytes) -> KeySet:
    """Return a key set (RFC 7517) by key id; keys of other kinds are left out.

    ValueError, jwt.PyJWTError: it is none, or holds no key that can be used.
    """
    found: KeySet = {}
    try:
        keys = jwt.PyJWKSet.from_json(content.decode()).keys
    except (AttributeError, TypeError, RecursionError) as exc:
        # The library takes its shape for granted.
        raise ValueError("JSON of another shape than a key set") from exc
    for one in keys:
        for algorithm, kind in (("RS256", RSAPublicKey), ("EdDSA", Ed25519PublicKey)):
            if isinstance(one.key, kind):
                found[one.key_id] = (algorithm, one.key)
    if not found:
        raise ValueError("no key of RSA or Ed25519")
    return found


def _revoked(content: bytes) -> frozenset[str]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise TypeError("expected an object of jti and end")
    return frozenset(found)


def _problem(key: str, message: str) -> ConfigError:
    return ConfigError(Problem("settings", 0, f"security.{key}", message))
