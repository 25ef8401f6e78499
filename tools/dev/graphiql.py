"""Fetches GraphiQL, the page on which developers try documents; it is served from ``.venv``, never from a network.

One archive of the npm registry, pinned by its hash, fetched by npm from wherever this machine gets its packages.
``make run`` fetches it once where npm is there; without it everything else works. ``make graphiql`` says why it failed.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv" / "share" / "shimin" / "graphiql"
"""Where shimin_graphql/routes/graphiql.py looks, in the environment of the Python that serves."""
PACKAGE = "@graphql-yoga/graphiql@4.5.0"
"""GraphiQL 5 with its editor, workers and fonts in five files, MIT; GraphiQL itself comes without a bundle."""
INTEGRITY = "sha512-mer2/6RUdSGxNXCcE2dccKjDvcvj4DxIdYDKkggS3ltHc/MenhdBwBr/fwMreC7mqTBtn25a/q9e2Hdn36WNJg=="
FILES = {
    "package/LICENSE": "LICENSE",
    "package/dist/graphiql.css": "graphiql.css",
    "package/dist/yoga-graphiql.umd.js": "graphiql.js",
    "package/dist/monacoeditorwork/editor.worker.bundle.js": "editor.worker.js",
    "package/dist/monacoeditorwork/graphql.worker..bundle.js": "graphql.worker.js",
    "package/dist/monacoeditorwork/json.worker.bundle.js": "json.worker.js",
}
"""What is taken out of the archive, and under which name; nothing else of it is used."""
FETCH_TIMEOUT_S = 180


class NotFetched(Exception):  # noqa: N818 - said to a person, as it is
    """GraphiQL could not be had; the text says why and what to do."""


def present(folder: Path = FOLDER) -> bool:
    """Return whether exactly the pinned version is there."""
    mark = folder / "integrity"
    return mark.exists() and mark.read_text("utf-8") == INTEGRITY


def fetch(folder: Path = FOLDER) -> None:
    """Put the pinned files into a folder; it holds all of them or none.

    Raises:
        NotFetched: npm is missing or failed, or the archive is not the pinned one.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("npm is not installed (Debian: apt-get install npm)")
    with tempfile.TemporaryDirectory() as name:
        command = [npm, "pack", PACKAGE, "--ignore-scripts", "--loglevel=error", "--pack-destination", name]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise NotFetched(f"npm took longer than {FETCH_TIMEOUT_S} s") from None
        archives = list(Path(name).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            said = done.stderr.strip().splitlines()
            raise NotFetched(f"npm could not fetch {PACKAGE}: {said[-1] if said else 'it said nothing'}")
        unpack(archives[0].read_bytes(), archives[0], folder)


def unpack(content: bytes, archive: Path, folder: Path) -> None:
    """Take the files out of an archive that is the pinned one.

    Raises:
        NotFetched: it is another.
    """
    found = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
    if found != INTEGRITY:
        raise NotFetched(f"{archive.name} is not the pinned one: expected {INTEGRITY}, found {found}")
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    fresh.mkdir(parents=True)
    with tarfile.open(archive) as inside:
        for member, name in FILES.items():
            taken = inside.extractfile(member)
            assert taken is not None
            (fresh / name).write_bytes(taken.read())
    (fresh / "integrity").write_text(INTEGRITY, "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def main() -> int:
    """Fetch it unless it is there; exit 1 with the reason where that fails."""
    if present():
        print("GraphiQL is there; in development it is served at /dev/graphiql")
        return 0
    try:
        fetch()
    except NotFetched as failed:
        print(f"graphiql: {failed}", file=sys.stderr)
        return 1
    print(f"fetched {PACKAGE}; in development it is served at /dev/graphiql")
    return 0


if __name__ == "__main__":
    sys.exit(main())
