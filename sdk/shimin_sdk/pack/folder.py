"""Which files of a developer's folder belong to the package; everything else (tests, notes) stays at home."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from shimin_sdk.findings import refuse

SINGLE_FILES = ("manifest.json", "app.js", "app.css")
WEB = (".html", ".css", ".js", ".json", ".svg", ".png", ".jpg", ".jpeg", ".webp", ".woff2")
FOLDERS = {
    "pages": WEB,
    "common": WEB,
    "i18n": (".json",),
    "server": (".py",),
    "operations": (".graphql",),
    "forms": (".json",),
}
"""Folders of a package and the file endings taken from each."""


def belongs(name: str) -> bool:
    """Return whether a package has a place for a file of that path."""
    folder, _, rest = name.partition("/")
    if not rest:
        return name in SINGLE_FILES
    return PurePosixPath(rest).suffix in FOLDERS.get(folder, ())


def _inside(folder: Path) -> Iterator[Path]:
    for item in sorted(folder.iterdir()):
        if item.name.startswith(".") or item.name == "__pycache__":
            continue
        if item.is_dir() and not item.is_symlink():
            yield from _inside(item)
        else:
            yield item


def package_files(source_dir: Path) -> dict[str, bytes]:
    """Return the package's files by their path in it, sorted.

    Raises:
        FileNotFoundError: the folder has no ``manifest.json``.
        PackageError: ``E_FOLDER_FILE``: a symbolic link or something that is no file.
    """
    if not (source_dir / "manifest.json").is_file():
        msg = f"{source_dir} has no manifest.json; run this in a mini-app's folder, or make one with: shimin-sdk new"
        raise FileNotFoundError(msg)
    paths = [source_dir / name for name in SINGLE_FILES if (source_dir / name).exists()]
    for name, endings in FOLDERS.items():
        if (source_dir / name).is_dir():
            paths += [item for item in _inside(source_dir / name) if item.suffix in endings]
    found = {}
    for path in paths:
        if path.is_symlink() or not path.is_file():
            raise refuse("E_FOLDER_FILE", path.relative_to(source_dir).as_posix())
        found[path.relative_to(source_dir).as_posix()] = path.read_bytes()
    return dict(sorted(found.items()))
