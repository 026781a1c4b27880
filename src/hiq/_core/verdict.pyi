class Verdict:
    """What became of one frame.

    - `events == points + filtered + skipped + duplicates + rejected events`;
    - a frame that is not valid JSON has `rejected == 1` and `events == 0`.
    """

    @property
    def events(self) -> int:
        """`state_changed` messages in the frame."""
    @property
    def points(self) -> int:
        """Lines added to the buffer."""
    @property
    def filtered(self) -> int:
        """Events refused by the entity filter."""
    @property
    def skipped(self) -> int:
        """Events that by rule give no point: removed, unknown, unavailable, empty."""
    @property
    def rejected(self) -> int:
        """Events, or the whole frame, refused by validation."""
    @property
    def duplicates(self) -> int:
        """States of a snapshot whose time stamp had been seen already."""
    @property
    def passed(self) -> list[bytes]:
        """The messages that are not state events, in order."""
    @property
    def full(self) -> bool:
        """The buffer is above its high-water mark: take before the next feed."""
