"""The write-ahead journal: what counts as accepted is on disk."""
