"""Remembering that this installation was set up, so that the next start does not look at everything again."""

import hashlib
from pathlib import Path

from shimin import __version__
from shimin.config import Settings

PACKAGE = Path(__file__).resolve().parents[1]
MINI_APPS = PACKAGE.parents[1] / "miniapps"
"""Where a checkout keeps the first-party mini-apps; they are packed and submitted like anybody's."""
LOOKED_AT = ("db/migrations/*.py", "demo/guides/*.jsonl", "demo/city.py")


def _digest(settings: Settings, *, demo: bool) -> str:
    """Return a digest of everything that decides what setting up does; it names no secret."""
    digest = hashlib.sha256(f"{__version__}\n{demo}\n{settings.database}\n".encode())
    files = [file for pattern in LOOKED_AT for file in sorted(PACKAGE.glob(pattern))]
    files += [file for file in sorted(MINI_APPS.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]
    for file in files:
        digest.update(f"{file.name}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_prepared(settings: Settings, *, demo: bool) -> bool:
    """Tell whether the last set-up did what one would do now; a database of another kind is always looked at."""
    file = settings.data_dir / "prepared"
    if not settings.is_sqlite or not (settings.data_dir / "shimin.db").exists() or not file.exists():
        return False
    return file.read_text("ascii").strip() == _digest(settings, demo=demo)


def stamp(settings: Settings, *, demo: bool) -> None:
    """Remember that setting up has finished."""
    (settings.data_dir / "prepared").write_text(_digest(settings, demo=demo) + "\n", "ascii")
