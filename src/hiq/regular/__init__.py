"""The last values of entities as points every few minutes, changed or not."""
