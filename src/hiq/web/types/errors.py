"""How a refusal looks, and what is said of a fault."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

__all__ = ["Failure", "Fault", "Problems", "Refusal", "Unavailable"]


class Refusal(Struct, frozen=True):
    """A request that was not served: a code for programs, a sentence for people."""

    error_code: str
    message: str
    retry_allowed: bool | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    detail: str | UnsetType = UNSET


class Problems(Struct, frozen=True):
    """A file that was not taken: everything that is wrong with it."""

    error_code: str
    message: str
    errors: tuple[str, ...]


class Fault(Struct, frozen=True):
    """A fault of hiq; its log line carries the same id."""

    error: str
    request_id: str


class Failure(Struct, frozen=True):
    """Why a part cannot answer."""

    error: str
    success: bool = False


class Unavailable(Struct, frozen=True):
    """A part that is not there, in the shape that users of HomeIQ read."""

    detail: Failure
