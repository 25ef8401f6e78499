"""The peers on node: whether they can run here, and their libraries exactly as their lock files say."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "peers"
NODE_MAJOR_MIN = 20
INSTALL_TIMEOUT_S = 300.0
STAMP = ".installed"
"""Beside the libraries: the digest of the lock file they were installed from."""


class PeersMissing(Exception):  # noqa: N818 - said to a person, as it is
    """The peers cannot run on this machine; the text says what to do."""


def node_version() -> str:
    """Return node's version, such as ``20.20.2``.

    Raises:
        PeersMissing: there is no node, or one that is too old.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise PeersMissing("node is missing: apt-get install nodejs npm (as root)")
    done = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)  # noqa: S607 - from PATH
    version = done.stdout.strip().removeprefix("v")
    if int(version.split(".")[0]) < NODE_MAJOR_MIN:
        raise PeersMissing(f"node {version} is too old: {NODE_MAJOR_MIN} or newer is needed")
    return version


def install(name: str) -> None:
    """Install a peer's libraries from its lock file, unless that was done before.

    Raises:
        PeersMissing: npm failed; the text says how.
    """
    folder = FOLDER / name
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / STAMP
    if stamp.is_file() and stamp.read_text() == digest:
        return
    quiet = {"npm_config_fund": "false", "npm_config_audit": "false", "npm_config_update_notifier": "false"}
    command = ["npm", "ci", "--ignore-scripts", "--no-progress"]
    try:
        done = subprocess.run(
            command, check=False, cwd=folder, env=os.environ | quiet, capture_output=True, text=True,
            timeout=INSTALL_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PeersMissing(f"{name}: npm took longer than {INSTALL_TIMEOUT_S:.0f} s") from None
    if done.returncode:
        raise PeersMissing(f"{name}: npm ci failed: {done.stderr.strip()[-500:]}")
    stamp.write_text(digest)


def versions(name: str) -> dict[str, str]:
    """Return the version of every library a peer names itself."""
    dependencies: dict[str, str] = json.loads((FOLDER / name / "package.json").read_text())["dependencies"]
    return dependencies
