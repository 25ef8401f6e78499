"""Noticing that the developer saved a file."""

import threading
from collections.abc import Callable
from pathlib import Path

from shimin_sdk.dev.citizens import FILE
from shimin_sdk.pack.folder import FOLDERS, SINGLE_FILES

EVERY_S = 0.15


def _seen(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of each file that the phone depends on."""
    found: dict[str, tuple[int, int]] = {}
    paths = [folder / name for name in (*SINGLE_FILES, FILE)]
    paths += [path for name in FOLDERS for path in (folder / name).rglob("*") if path.suffix in FOLDERS[name]]
    for path in paths:
        try:
            facts = path.stat()
        except OSError:
            continue  # gone between listing and looking
        found[str(path)] = (facts.st_mtime_ns, facts.st_size)
    return found


class Watch:
    """Calls ``saved`` within about ``EVERY_S`` after a file of the folder changed, until it is stopped."""

    def __init__(self, folder: Path, saved: Callable[[], None]) -> None:
        """Begin to look."""
        self._folder, self._saved = folder, saved
        self._ended = threading.Event()
        self._before = _seen(folder)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(EVERY_S):
            now = _seen(self._folder)
            if now != self._before:
                self._before = now
                self._saved()
