"""``python -m shimin`` is ``shimin``."""

from shimin.cli import main

if __name__ == "__main__":
    main()
