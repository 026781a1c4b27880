from picows import WSListener

from hiq.ha.listening import Lane, Owner

DECLARATIONS: str

class Listener(WSListener):
    """The compiled listener; see `hiq.ha.listening`."""

    direct: bool
    in_batch: bool
    def __init__(self, owner: Owner, lane: Lane | None = None) -> None: ...
    def flush(self) -> bool: ...
