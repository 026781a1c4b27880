"""hiq: lossless ingestion of Home Assistant events into time-series databases.

The public names are `Pipeline` (frames in, line protocol out) and `Verdict` (what
became of one frame). Everything else is reached by the `hiq` command.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hiq._core import Pipeline, Verdict
else:

    def __getattr__(name: str) -> object:
        """Import the core when somebody asks for it: not each command does."""
        if name not in {"Pipeline", "Verdict"}:
            text = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(text, name=name)
        from hiq import _core  # noqa: PLC0415  see above

        found = globals()[name] = getattr(_core, name)
        return found


__all__ = ["Pipeline", "Verdict", "__version__"]

__version__ = "0.1.0"
