"""The compiled core: from the bytes of one WebSocket message to line protocol.

This is its only door. It knows nothing of sockets, files, clocks or any other
package of hiq.
"""

from hiq._core.pipeline import Pipeline
from hiq._core.status import Status
from hiq._core.taken import Taken
from hiq._core.verdict import Verdict

__all__ = ["Pipeline", "Status", "Taken", "Verdict"]
