"""HTTP: health, metrics, JSON and the status page; import its modules by name."""

__all__: list[str] = []
