def valid(frames: list[bytes]) -> int:
    """Return how many of the frames are one JSON value, whatever it says."""

class Encoding:
    """Frames that were read once; their events can be encoded many times."""

    def __init__(self, frames: list[bytes]) -> None: ...
    def encode(self) -> int:
        """Encode all events; returns how many lines they gave."""
    def lines(self) -> bytes:
        """Return the lines of the last `encode`."""
