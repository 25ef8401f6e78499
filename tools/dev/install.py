"""Makes ``.venv`` hold exactly the locked packages; does nothing, quickly, when it already does.

``python3 tools/dev/install.py run`` before starting the platform, ``… test`` before testing it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import graphiql

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
SETS = ("run", "test")
"""Each holds the one before it."""
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
}
"""Where this machine's packages come from is told to pip; uv must hear the same."""


def main() -> int:
    """Install the set named on the command line, or a larger one that was there before."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else SETS[0]
    if wanted not in SETS:
        return fail(f"unknown set {wanted!r}: choose one of {', '.join(SETS)}")
    present = installed()
    if present and SETS.index(present) >= SETS.index(wanted):
        return 0
    chosen = max(wanted, previously() or wanted, key=SETS.index)
    try:
        make_environment()
        (VENV / "installed").write_text(chosen)  # without a fingerprint: an interrupted installation is done again
        install(chosen)
    except subprocess.CalledProcessError as error:
        return fail(f"this command ended with {error.returncode}: {' '.join(map(str, error.cmd))}")
    (VENV / "installed").write_text(f"{chosen} {fingerprint(chosen)}\n")
    add_graphiql()
    return 0


def fail(message: str) -> int:
    """Say what stands in the way and return the exit status for it."""
    print(f"install: {message}", file=sys.stderr)
    return 1


def fingerprint(name: str) -> str:
    """Return a digest of everything that decides what the environment should hold."""
    digest = hashlib.sha256(str(ROOT).encode())
    digest.update(graphiql.INTEGRITY.encode())
    for lock in (f"requirements/{name}.txt", "requirements/uv.txt"):
        digest.update((ROOT / lock).read_bytes())
    for distribution in (ROOT, ROOT / "sdk"):
        told = tomllib.loads((distribution / "pyproject.toml").read_text("utf-8"))
        digest.update(json.dumps([told["project"], told["tool"]["hatch"]]).encode())
    return digest.hexdigest()


def previously() -> str | None:
    """Return the set that was installed last, up to date or not."""
    try:
        name = (VENV / "installed").read_text().split()[0]
    except (OSError, IndexError):
        return None
    return name if name in SETS else None


def installed() -> str | None:
    """Return the set that the environment holds exactly as locked, if any."""
    name = previously()
    if name is None or not PYTHON.exists():
        return None
    return name if (VENV / "installed").read_text().split() == [name, fingerprint(name)] else None


def make_environment() -> None:
    """Make ``.venv`` with this Python unless a working one is there."""
    if PYTHON.exists() and succeeds([PYTHON, "-m", "pip", "--version"]):
        return
    step("making .venv")
    base: str = getattr(sys, "_base_executable", sys.executable)  # not the one in the folder that goes
    shutil.rmtree(VENV, ignore_errors=True)
    if succeeds([base, "-m", "venv", VENV]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        step(f"this Python has no venv: installing Debian's python{version}-venv")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-q", "update"], check=True, env=environment, stdout=sys.stderr)
        subprocess.run(
            ["apt-get", "-qy", "install", "--no-install-recommends", f"python{version}-venv"],
            check=True,
            env=environment,
            stdout=sys.stderr,
        )
        subprocess.run([base, "-m", "venv", VENV], check=True)
        return
    step("this Python has no venv: trying virtualenv (otherwise: apt-get install python3-venv)")
    subprocess.run([base, "-m", "virtualenv", "--quiet", VENV], check=True)


def install(name: str) -> None:
    """Put uv, the locked packages and this checkout itself into the environment."""
    step(f"installing the locked packages ({name})")
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check"]
    lock = ROOT / "requirements" / "uv.txt"
    subprocess.run([*pip, "install", "--quiet", "--require-hashes", "-r", lock], check=True)
    listed = subprocess.run([*pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    environment = uv_environment(listed, os.environ)
    uv: list[str | Path] = [VENV / "bin" / "uv", "pip"]
    place: list[str | Path] = ["--python", PYTHON]
    # uv itself stays: `sync` removes what the lock does not name
    locks = [ROOT / "requirements" / f"{name}.txt", lock]
    subprocess.run([*uv, "sync", *place, "--require-hashes", *locks], check=True, env=environment)
    editable: list[str | Path] = ["--no-deps", "--no-build-isolation", "-e", ROOT, "-e", ROOT / "sdk"]
    subprocess.run([*uv, "install", "--quiet", *place, *editable], check=True, env=environment, cwd=ROOT)


def add_graphiql() -> None:
    """Fetch the page for developers; nothing else needs it, so its absence is said and no more."""
    if graphiql.present():
        return
    step("fetching GraphiQL")
    try:
        graphiql.fetch()
    except graphiql.NotFetched as failed:
        step(f"no GraphiQL at /dev/graphiql: {failed}")


def uv_environment(pip_config: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for uv: what pip was told about registries, unless uv was told something itself.

    Args:
        pip_config: the output of ``pip config list``, lines such as ``global.index-url='https://…'``.
        environment: this process' environment.
    """
    told: dict[str, str] = {}
    for line in pip_config.splitlines():
        key, _, value = line.partition("=")
        name = PIP_TO_UV.get(key.rsplit(".", 1)[-1])
        if name:
            told[name] = " ".join(value.strip().strip("'\"").replace("\\n", " ").split())
    if "UV_FIND_LINKS" in told:
        links = [link for link in told["UV_FIND_LINKS"].split() if "://" in link or Path(link).is_dir()]
        told["UV_FIND_LINKS"] = ",".join(links)
    # every file is pinned by its hash, so the order of registries decides speed, not content
    told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    # said outright, since uv warns when it must copy because the cache is on another disk
    told["UV_LINK_MODE"] = "hardlink" if same_device(environment) else "copy"
    return {name: value for name, value in told.items() if value} | dict(environment)


def succeeds(command: list[str | Path]) -> bool:
    """Run a command quietly and return whether it ended well."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def same_device(environment: Mapping[str, str]) -> bool:
    """Return whether uv's cache can be hard-linked from ``.venv``."""
    cache = Path(environment.get("UV_CACHE_DIR") or environment.get("XDG_CACHE_HOME") or Path.home())
    return cache.exists() and cache.stat().st_dev == VENV.stat().st_dev


def step(text: str) -> None:
    """Show progress; standard output stays clean for the command that follows."""
    print(f"install: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
