"""hiq: lossless ingestion of Home Assistant events into time-series databases.

The public names are `Pipeline` (frames in, line protocol out) and `Verdict` (what
became of one frame). Everything else is reached by the `hiq` command.
"""

from hiq._core import Pipeline, Verdict

__all__ = ["Pipeline", "Verdict", "__version__"]

__version__ = "0.1.0"
