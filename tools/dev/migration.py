"""Writes the migration that leads from the last one to the models as they are now: ``make migration NAME=…``."""

import asyncio
import sys

from install import ROOT
from shimin.assembly import MODELS
from shimin.db.migrate import make_migration


def main() -> int:
    """Write the step and say where; nothing to do is no error."""
    if len(sys.argv) != len(("program", "name")):
        print("say what changes: make migration NAME=add_receipts", file=sys.stderr)
        return 2
    path = asyncio.run(make_migration(sys.argv[1], models=MODELS))
    print(f"wrote {path.relative_to(ROOT)}; read it before you commit it" if path else "the models have not changed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
