"""Compares the ways to run a GraphQL document on many generated ones, on both database engines, byte for byte.

``make test`` does it with a few hundred documents, ``make differential`` with as many as you like. What differs is
shown with its seed; ``--only`` runs that document alone.
"""

import argparse
import os
import subprocess
import sys

from install import ROOT, VENV

EXAMPLE = """examples:
  make differential ARGS="--documents 2000 --seed 7"
  make differential ARGS="--seed 7 --only 1328 --engine postgres"
"""


def main() -> int:
    """Run the comparison; exit 0 only if every answer was the same."""
    parser = argparse.ArgumentParser(
        prog="make differential",
        description="Run generated documents in every way the engine knows and compare the answers byte for byte.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=int, default=2_000, help="how many for each database engine (2000)")
    parser.add_argument("--seed", default="1", help="another seed writes other documents (1)")
    parser.add_argument("--only", type=int, help="the number of one document of the seed")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), help="this database engine alone")
    asked = parser.parse_args()
    variables = {"SHIMIN_DIFFERENTIAL_DOCUMENTS": str(asked.documents), "SHIMIN_DIFFERENTIAL_SEED": asked.seed}
    if asked.only is not None:
        variables["SHIMIN_DIFFERENTIAL_ONLY"] = str(asked.only)
    command = [str(VENV / "bin" / "python"), "-m", "pytest", "-s", "tests/differential"]
    if asked.engine:
        command += ["-k", asked.engine]
    try:
        return subprocess.run(command, check=False, cwd=ROOT, env=os.environ | variables).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
