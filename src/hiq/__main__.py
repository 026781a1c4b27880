"""The `hiq` command, also as `python -m hiq`.

Signals are handled before anything that takes time to import.
"""

from hiq import leaving


def main() -> None:
    """Run the command line."""
    leaving.at_once()
    from hiq.cli import main as run  # noqa: PLC0415  it takes time

    run()


if __name__ == "__main__":
    main()
