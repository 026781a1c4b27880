"""`python -m hiq` is the `hiq` command."""

from hiq.cli import main

if __name__ == "__main__":
    main()
