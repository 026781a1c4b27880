"""HTTP: health, metrics, JSON and the status page."""
