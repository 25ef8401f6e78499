"""The kernel's walls around a process: Landlock, seccomp, resource limits. No privilege needed, no way back.

Written on system calls alone, since what is jailed has room for little. Numbers are those of the kernel's user
interface.

Source: Linux ``Documentation/userspace-api/landlock.rst`` and ``seccomp_filter.rst``; ``include/uapi/linux/*.h``.
"""

import ctypes
import os
import resource
import socket
from collections.abc import Iterable
from struct import Struct

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_VERSION = 1
_LANDLOCK_PATH_BENEATH = 1
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_GET_ACTION_AVAIL = 2
_SECCOMP_FILTER_FLAG_TSYNC = 1
_RET_ALLOW = 0x7FFF0000
_RET_KILL_PROCESS = 0x80000000
_RET_ERRNO_EPERM = 0x00050001
_PROT_EXEC = 4
_SYSCALL_SECCOMP = {"x86_64": 317, "aarch64": 277}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_FS_RIGHTS_SINCE = ((5, 0xFFFF), (3, 0x7FFF), (2, 0x3FFF), (1, 0x1FFF))
"""Every right over files that a Landlock version knows."""
_NETWORK_SINCE, _NETWORK_BIND_CONNECT = 4, 3
_SCOPES_SINCE, _SCOPE_SOCKETS_SIGNALS = 6, 3
_FS_EXECUTE, _FS_WRITE_FILE, _FS_READ_FILE, _FS_READ_DIR = 1, 2, 4, 8
_FS_READ = _FS_EXECUTE | _FS_READ_FILE | _FS_READ_DIR
_FS_OF_FILES = _FS_EXECUTE | _FS_WRITE_FILE | _FS_READ_FILE | 1 << 14 | 1 << 15
"""Rights that a rule on a file (not a folder) may name: execute, write, read, truncate, ioctl."""

# name: (x86_64, aarch64); what is absent on a processor is None
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "brk": (12, 214),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "close": (3, 57),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "futex": (202, 98),
    "getpid": (39, 172),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "madvise": (28, 233),
    "membarrier": (324, 283),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "restart_syscall": (219, 128),
    "rseq": (334, 293),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "set_robust_list": (273, 99),
    "sigaltstack": (131, 132),
}
_NO_EXEC: dict[str, tuple[int | None, int | None]] = {"mmap": (9, 222), "mprotect": (10, 226)}
"""Allowed while they ask for no executable memory (third argument, ``PROT_EXEC``)."""
_ONE_SOCKET: dict[str, tuple[int | None, int | None]] = {"recvfrom": (45, 207), "sendto": (44, 206)}
"""Allowed on the socket to the core."""
_ONE_FILE: dict[str, tuple[int | None, int | None]] = {"pread64": (17, 67)}
"""Allowed on the one file that tells a runner its own memory."""

_libc = ctypes.CDLL(None, use_errno=True)
_filter = Struct("<HBBI")


class JailFailed(Exception):  # noqa: N818 - says what happened
    """The kernel refused to build a wall; nothing hostile may be run."""


def _call(what: str, number: int, *args: object) -> int:
    """Make a system call that the C library has no function for."""
    result = int(_libc.syscall(ctypes.c_long(number), *args))
    if result < 0:
        message = f"{what}: {os.strerror(ctypes.get_errno())}"
        raise JailFailed(message)
    return result


def landlock_version() -> int:
    """Return the kernel's Landlock version; 0 where there is none."""
    try:
        return _call("landlock", _LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_VERSION))
    except JailFailed:
        return 0


def has_seccomp() -> bool:
    """Tell whether this kernel filters system calls on this processor."""
    number = _SYSCALL_SECCOMP.get(os.uname().machine)
    if number is None:
        return False
    action = ctypes.c_uint32(_RET_KILL_PROCESS)
    try:
        _call("seccomp", number, ctypes.c_uint(_SECCOMP_GET_ACTION_AVAIL), ctypes.c_uint(0), ctypes.byref(action))
    except JailFailed:
        return False
    return True


def drop_privileges() -> None:
    """Give up every way to gain privileges, and to be traced or dumped."""
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        message = "no_new_privs"
        raise JailFailed(message)
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def landlock(read: Iterable[str] = (), write: Iterable[str] = ()) -> None:
    """Take away files, network and signals to others, all but what is beneath the named paths.

    ``drop_privileges`` comes first. Args: ``read`` may be read and executed, ``write`` read and written.

    Raises:
        JailFailed: the kernel has no Landlock, or refused.
    """
    version = landlock_version()
    if version == 0:
        message = "the kernel has no Landlock"
        raise JailFailed(message)
    rights = next(rights for since, rights in _FS_RIGHTS_SINCE if version >= since)
    fields = [rights]
    if version >= _NETWORK_SINCE:
        fields.append(_NETWORK_BIND_CONNECT)
    if version >= _SCOPES_SINCE:
        fields.append(_SCOPE_SOCKETS_SIGNALS)
    attributes = Struct(f"<{len(fields)}Q").pack(*fields)
    ruleset = _call(
        "landlock ruleset", _LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    )
    try:
        for paths, allowed in ((read, _FS_READ), (write, rights)):
            for path in paths:
                _landlock_path(ruleset, path, allowed)
        _call("landlock", _LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _landlock_path(ruleset: int, path: str, allowed: int) -> None:
    """Allow something beneath one path; a path that is not there is passed over."""
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rights = allowed if os.path.isdir(path) else allowed & _FS_OF_FILES  # noqa: PTH112 - pathlib costs memory
        rule = Struct("<Qi").pack(rights, beneath)
        _call(
            "landlock rule", _LANDLOCK_ADD_RULE, ctypes.c_int(ruleset),
            ctypes.c_int(_LANDLOCK_PATH_BENEATH), rule, ctypes.c_uint32(0),
        )  # fmt: skip
    finally:
        os.close(beneath)


def limit(limits: dict[int, int]) -> None:
    """Lower resource limits for good (``resource.RLIMIT_…`` to value)."""
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (wanted, wanted))


def filter_system_calls(sock: int, memory_file: int) -> None:
    """Allow this process nothing but computing and its socket; everything else fails with ``EPERM``.

    Applies to every thread. ``drop_privileges`` comes first.

    Args:
        sock: descriptor of the socket to the core.
        memory_file: descriptor of the file that tells the process its own memory.

    Raises:
        JailFailed: an unknown processor, or the kernel refused.
    """
    machine = os.uname().machine
    if machine not in _AUDIT_ARCH:
        message = f"no list of system calls for {machine}"
        raise JailFailed(message)
    program = _program(machine, sock, memory_file)
    code = ctypes.create_string_buffer(b"".join(program))
    pointer = Struct("@HP").pack(len(program), ctypes.addressof(code))
    _call(
        "seccomp", _SYSCALL_SECCOMP[machine], ctypes.c_uint(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_uint(_SECCOMP_FILTER_FLAG_TSYNC), pointer,
    )  # fmt: skip


def _program(machine: str, sock: int, memory_file: int) -> list[bytes]:
    """Return the filter: a classic BPF program over ``struct seccomp_data`` (nr, arch, ip, args)."""
    column = 0 if machine == "x86_64" else 1
    load, equal, greater_equal, all_set, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    program = [
        _filter.pack(load, 0, 0, 4),
        _filter.pack(equal, 1, 0, _AUDIT_ARCH[machine]),
        _filter.pack(answer, 0, 0, _RET_KILL_PROCESS),
        _filter.pack(load, 0, 0, 0),
        # x32 calls carry bit 30; they would slip past a list of 64-bit numbers.
        _filter.pack(greater_equal, 0, 1, 0x40000000),
        _filter.pack(answer, 0, 0, _RET_KILL_PROCESS),
    ]
    for numbers in _ALLOWED.values():
        if (number := numbers[column]) is not None:
            program += [_filter.pack(equal, 0, 1, number), _filter.pack(answer, 0, 0, _RET_ALLOW)]
    for numbers in _NO_EXEC.values():
        if (number := numbers[column]) is not None:
            program += [
                _filter.pack(equal, 0, 4, number),
                _filter.pack(load, 0, 0, 16 + 2 * 8),
                _filter.pack(all_set, 1, 0, _PROT_EXEC),
                _filter.pack(answer, 0, 0, _RET_ALLOW),
                _filter.pack(answer, 0, 0, _RET_ERRNO_EPERM),
            ]
    for calls, descriptor in ((_ONE_SOCKET, sock), (_ONE_FILE, memory_file)):
        for numbers in calls.values():
            if (number := numbers[column]) is not None:
                program += [
                    _filter.pack(equal, 0, 4, number),
                    _filter.pack(load, 0, 0, 16),
                    _filter.pack(equal, 0, 1, descriptor),
                    _filter.pack(answer, 0, 0, _RET_ALLOW),
                    _filter.pack(answer, 0, 0, _RET_ERRNO_EPERM),
                ]
    return [*program, _filter.pack(answer, 0, 0, _RET_ERRNO_EPERM)]


def probe(environment: bytes = b"/proc/self/environ") -> dict[str, str]:
    """Try what the jail must refuse; return each attempt with ``refused`` or ``ALLOWED``."""
    attempts = {
        "open": lambda: os.open(b"/etc/passwd", os.O_RDONLY),
        "open own": lambda: os.open(environment, os.O_RDONLY),
        "create": lambda: os.open(b"/tmp/shimin-probe", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600),
        "socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "fork": _fork,
        "exec": lambda: os.execv(b"/bin/true", [b"true"]),  # noqa: S606
        "signal others": lambda: os.kill(1, 0),
        "executable memory": _map_executable,
    }
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            found[name] = "refused"
        else:
            found[name] = "ALLOWED"
    return found


def _fork() -> None:
    """Make a child that ends at once, where that is possible."""
    if os.fork() == 0:
        os._exit(0)


def _map_executable() -> None:
    """Ask for a page that is writable and executable."""
    _libc.mmap.restype = ctypes.c_void_p
    private_anonymous = 0x22
    address = _libc.mmap(
        None,
        ctypes.c_size_t(4096),
        ctypes.c_int(7),
        ctypes.c_int(private_anonymous),
        ctypes.c_int(-1),
        ctypes.c_long(0),
    )
    if address in {None, ctypes.c_void_p(-1).value}:
        raise OSError(ctypes.get_errno(), "mmap")
