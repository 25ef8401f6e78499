"""The few system functions that an interpreter inside a guest needs, and no other: time, randomness, a place to print.

Whatever the component imports beyond this is defined to trap: files, sockets, terminals, waiting. The built-in system
interface of the engine is not used: it lets a guest sleep for an hour inside the host.

Source: WASI 0.2 (wasi-cli, wasi-clocks, wasi-random, wasi-io, wasi-filesystem WIT packages).
"""

# mypy: disable-error-code="no-untyped-call"
# ruff: noqa: SLF001 - the C interface lies beneath the package's public one
import os
import time
from collections.abc import Callable
from ctypes import byref
from typing import Any

from wasmtime import StoreContext, WasmtimeError, _bindings, _ffi
from wasmtime.component import Linker, LinkerInstance, ResourceAny, ResourceHost, ResourceType

from shimin.adapters.wasm.fastcall import (
    LIST,
    OPTION,
    RECORD,
    RESOURCE,
    U32,
    U64,
    HostFunctions,
    put_bytes,
    put_ok,
    put_text,
    take_bytes,
)

RANDOM_BYTES_MAX = 4096
"""More than the interpreter's own 2,496 at a time; a handler asks again."""
WRITE_BYTES_MAX = 4096
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_OUTPUT, _INPUT, _ERROR, _POLL = 101, 102, 103, 104
_NANO = 1_000_000_000

Output = Callable[[int, bytes], None]
"""Takes 1 (output) or 2 (errors) and what was printed."""


def _put_u64(value: Any, number: int) -> None:
    value.kind = U64
    value.of.u64 = number


def _put_stream(context: Any, value: Any, number: int, kind: int) -> None:
    """Give the guest one of the three standard streams."""
    value.kind = RESOURCE
    value.of.resource = ResourceHost.own(number, kind).to_any(StoreContext(context))._consume()


def _stream_number(context: Any, value: Any) -> int:
    """Return which stream a borrowed handle names, and give the handle back, which the engine insists on."""
    handle = ResourceAny._from_ptr(_bindings.wasmtime_component_resource_any_clone(value.of.resource))
    host = handle.to_host(StoreContext(context))
    number = int(host.rep)
    host.close()
    handle.close()
    return number


def _wall_clock(_context: Any, _arguments: Any, results: Any) -> None:
    """Return ``datetime { seconds: u64, nanoseconds: u32 }``."""
    seconds, nanoseconds = divmod(time.time_ns(), _NANO)
    result = results[0]
    result.kind = RECORD
    record = result.of.record
    _bindings.wasmtime_component_valrecord_new_uninit(record, 2)
    put_text(record.data[0].name, "seconds")
    _put_u64(record.data[0].val, seconds)
    put_text(record.data[1].name, "nanoseconds")
    record.data[1].val.kind = U32
    record.data[1].val.of.u32 = nanoseconds


def _random_bytes(_context: Any, arguments: Any, results: Any) -> None:
    """Return up to ``RANDOM_BYTES_MAX`` random bytes."""
    count = arguments[0].of.u64
    if count > RANDOM_BYTES_MAX:
        message = "too many random bytes"
        raise WasmtimeError(message)
    put_bytes(results[0], os.urandom(count))


def _empty_list(_context: Any, _arguments: Any, results: Any) -> None:
    """Return a list of nothing: no environment, no arguments, no folders."""
    results[0].kind = LIST
    _bindings.wasmtime_component_vallist_new_empty(byref(results[0].of.list))


def _none(_context: Any, _arguments: Any, results: Any) -> None:
    """Return the absent option."""
    results[0].kind = OPTION
    results[0].of.option = None


def add_wasi(linker: Linker, functions: HostFunctions, imports: list[str], on_output: Output) -> None:
    """Define what the interpreter needs, under the version that the component asks for.

    Args:
        imports: the component's imports (``wasi:io/streams@0.2.9`` …).
        on_output: takes what the guest prints; it may raise to end the guest.
    """
    definitions: dict[str, Callable[[LinkerInstance], None]] = {
        "wasi:io/error": lambda at: at.add_resource("error", ResourceType.host(_ERROR), _drop),
        "wasi:io/poll": lambda at: at.add_resource("pollable", ResourceType.host(_POLL), _drop),
        "wasi:io/streams": lambda at: _streams(at, functions, on_output),
        "wasi:cli/stdin": lambda at: functions.add_raw(at, "get-stdin", _give(_STDIN, _INPUT)),
        "wasi:cli/stdout": lambda at: functions.add_raw(at, "get-stdout", _give(_STDOUT, _OUTPUT)),
        "wasi:cli/stderr": lambda at: functions.add_raw(at, "get-stderr", _give(_STDERR, _OUTPUT)),
        "wasi:cli/environment": lambda at: _environment(at, functions),
        "wasi:filesystem/preopens": lambda at: functions.add_raw(at, "get-directories", _empty_list),
        "wasi:clocks/wall-clock": lambda at: functions.add_raw(at, "now", _wall_clock),
        "wasi:clocks/monotonic-clock": lambda at: _monotonic(at, functions),
        "wasi:random/random": lambda at: _random(at, functions),
    }
    with linker.root() as root:
        for name in imports:
            define = definitions.get(name.partition("@")[0])
            if define is not None:
                with root.add_instance(name) as instance:
                    define(instance)


def _drop(_store: StoreContext, _number: int) -> None:
    """Nothing is held for a handle."""


def _give(number: int, kind: int) -> Callable[[Any, Any, Any], None]:
    """Return the function that hands out one standard stream."""
    return lambda context, _arguments, results: _put_stream(context, results[0], number, kind)


def _environment(instance: LinkerInstance, functions: HostFunctions) -> None:
    """Define an empty environment."""
    functions.add_raw(instance, "get-environment", _empty_list)
    functions.add_raw(instance, "get-arguments", _empty_list)
    functions.add_raw(instance, "initial-cwd", _none)


def _monotonic(instance: LinkerInstance, functions: HostFunctions) -> None:
    """Define a clock that can be read and not waited for: a sleeping guest would hold its runner."""
    functions.add_raw(instance, "now", lambda _c, _a, results: _put_u64(results[0], time.monotonic_ns()))
    functions.add_raw(instance, "resolution", lambda _c, _a, results: _put_u64(results[0], 1000))


def _random(instance: LinkerInstance, functions: HostFunctions) -> None:
    """Define randomness from the kernel."""
    functions.add_raw(instance, "get-random-bytes", _random_bytes)
    functions.add_raw(
        instance,
        "get-random-u64",
        lambda _c, _a, results: _put_u64(results[0], int.from_bytes(os.urandom(8), "little")),
    )


def _streams(instance: LinkerInstance, functions: HostFunctions, on_output: Output) -> None:
    """Define printing; reading from a stream traps."""
    instance.add_resource("output-stream", ResourceType.host(_OUTPUT), _drop)
    instance.add_resource("input-stream", ResourceType.host(_INPUT), _drop)

    def check_write(context: Any, arguments: Any, results: Any) -> None:
        """Return ``ok(WRITE_BYTES_MAX)``."""
        _stream_number(context, arguments[0])
        put_ok(results[0])
        value = _ffi.wasmtime_component_val_t()
        _put_u64(value, WRITE_BYTES_MAX)
        results[0].of.result.val = _bindings.wasmtime_component_val_new(byref(value))

    def write(context: Any, arguments: Any, results: Any) -> None:
        """Take at most ``WRITE_BYTES_MAX`` bytes."""
        if arguments[1].of.list.size > WRITE_BYTES_MAX:
            message = "write too long"
            raise WasmtimeError(message)
        on_output(_stream_number(context, arguments[0]), take_bytes(arguments[1]))
        put_ok(results[0])

    def flush(context: Any, arguments: Any, results: Any) -> None:
        """Nothing waits to be written."""
        _stream_number(context, arguments[0])
        put_ok(results[0])

    functions.add_raw(instance, "[method]output-stream.check-write", check_write)
    functions.add_raw(instance, "[method]output-stream.write", write)
    functions.add_raw(instance, "[method]output-stream.blocking-write-and-flush", write)
    for name in ("flush", "blocking-flush"):
        functions.add_raw(instance, f"[method]output-stream.{name}", flush)
