"""`python -m fanloom` is `fanloom`."""

from fanloom.cli import main

if __name__ == "__main__":
    main()
