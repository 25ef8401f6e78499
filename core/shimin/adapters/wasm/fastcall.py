"""Calls between the runner and a guest, specialised to text: no type reflection, no shared state, nothing escapes.

The typed interface of the engine's Python package reads the types anew at each call, keeps the last exception in one
process-wide place, and ends the process when a host function raises ``SystemExit`` or the like. This module talks to
the same C interface directly, for the few shapes that the sandbox contract and the interpreter need.

Ownership follows wasmtime's C headers: a callback's arguments stay the engine's, its results become the engine's; the
caller of a guest function owns the results and frees them.
"""

# mypy: disable-error-code="no-untyped-call"
# ruff: noqa: SLF001 - the C interface lies beneath the package's public one
import ctypes
from collections.abc import Callable
from ctypes import byref, c_void_p, string_at
from typing import Any, Protocol

from wasmtime import Store, WasmtimeError, _bindings, _ffi
from wasmtime.component import Func, LinkerInstance

_ERROR_FIELDS = ("code", "message", "detail")
Value = _ffi.wasmtime_component_val_t
RawFunction = Callable[[Any, Any, Any], None]
"""Takes the context, the arguments and the results (C arrays of ``Value``)."""

U8, U64, STRING, LIST, RECORD, OPTION, RESULT, RESOURCE = (
    int(getattr(_ffi, f"WASMTIME_COMPONENT_{name}").value)
    for name in ("U8", "U64", "STRING", "LIST", "RECORD", "OPTION", "RESULT", "RESOURCE")
)
U32 = int(_ffi.WASMTIME_COMPONENT_U32.value)

# The same C function as in the package, but declared to take Python bytes and to keep the interpreter's lock: it only
# copies memory, and giving the lock up and taking it back costs more than it does.
_new_bytes = ctypes.PYFUNCTYPE(None, c_void_p, ctypes.c_size_t, ctypes.c_char_p)(("wasm_byte_vec_new", _ffi.dll))
_no_finalizer = ctypes.cast(0, ctypes.CFUNCTYPE(None, c_void_p))
_VALUE_BYTES, _PAYLOAD_OFFSET = ctypes.sizeof(Value), Value.of.offset
_ENCODED_BYTES = [
    bytes([U8]) + bytes(_PAYLOAD_OFFSET - 1) + bytes([byte]) + bytes(_VALUE_BYTES - _PAYLOAD_OFFSET - 1)
    for byte in range(256)
]
"""A ``list<u8>`` is one ``Value`` per byte in the C interface; these are their 256 contents."""


class Refused(Exception):  # noqa: N818 - an answer
    """A host call answered with the contract's error; the guest sees it and goes on."""

    def __init__(self, code: str, message: str, detail: str | None = None) -> None:
        """Keep the three fields of the contract's ``error``."""
        super().__init__(code)
        self.fields = (code, message, detail)


class GuestEnded(Exception):  # noqa: N818 - says what happened
    """The instance trapped; the text is the engine's."""


class TextHost(Protocol):
    """A host function of two texts."""

    def __call__(self, first: str, second: str, /) -> str:
        """Answer, or raise ``Refused``; anything else that is raised ends the guest."""
        ...


def put_text(vector: Any, text: str) -> None:
    """Copy a text into memory that the engine frees."""
    data = text.encode("utf-8", "replace")
    _new_bytes(byref(vector), len(data), data)


def take_text(vector: Any) -> str:
    """Return a copy of a text that the engine owns."""
    return string_at(vector.data, vector.size).decode("utf-8", "replace") if vector.size else ""


def _put_error(result: Any, fields: tuple[str, str, str | None]) -> None:
    """Make ``err({code, message, detail})`` of a result value."""
    value = Value()
    value.kind = RECORD
    record = value.of.record
    _bindings.wasmtime_component_valrecord_new_uninit(byref(record), 3)
    for nth, (name, text) in enumerate(zip(_ERROR_FIELDS, fields, strict=True)):
        entry = record.data[nth]
        put_text(entry.name, name)
        if name != "detail":
            entry.val.kind = STRING
            put_text(entry.val.of.string, text or "")
        else:
            entry.val.kind = OPTION
            entry.val.of.option = None
            if text is not None:
                inner = Value()
                inner.kind = STRING
                put_text(inner.of.string, text)
                entry.val.of.option = _bindings.wasmtime_component_val_new(byref(inner))
    result.kind = RESULT
    result.of.result.is_ok = False
    result.of.result.val = _bindings.wasmtime_component_val_new(byref(value))


def put_ok(result: Any, text: str | None = None) -> None:
    """Make ``ok`` or ``ok(text)`` of a result value."""
    result.kind = RESULT
    result.of.result.is_ok = True
    result.of.result.val = None
    if text is not None:
        value = Value()
        value.kind = STRING
        put_text(value.of.string, text)
        result.of.result.val = _bindings.wasmtime_component_val_new(byref(value))


def put_bytes(value: Any, data: bytes) -> None:
    """Make a ``list<u8>`` in one copy."""
    value.kind = LIST
    _bindings.wasmtime_component_vallist_new_uninit(byref(value.of.list), len(data))
    if data:
        ctypes.memmove(value.of.list.data, b"".join([_ENCODED_BYTES[byte] for byte in data]), len(data) * _VALUE_BYTES)


def take_bytes(value: Any) -> bytes:
    """Return a ``list<u8>`` in one copy."""
    size = value.of.list.size
    return string_at(value.of.list.data, size * _VALUE_BYTES)[_PAYLOAD_OFFSET::_VALUE_BYTES] if size else b""


class HostFunctions:
    """Adds host functions to a linker and keeps their C callbacks alive as long as itself."""

    def __init__(self) -> None:
        """Begin with none."""
        self._callbacks: list[Any] = []

    def add_raw(self, instance: LinkerInstance, name: str, function: RawFunction) -> None:
        """Define a function over C values; whatever it raises ends that instance and nothing else."""

        def callback(_data: Any, context: Any, _type: Any, arguments: Any, _n: Any, results: Any, _m: Any) -> Any:
            try:
                function(context, arguments, results)
            except BaseException as error:  # noqa: BLE001 - an exception that leaves a C callback ends the process
                return ctypes.cast(WasmtimeError(f"host: {type(error).__name__}")._consume(), c_void_p).value
            return 0

        self._define(instance, name, callback)

    def add_texts(self, instance: LinkerInstance, name: str, function: TextHost, *, bytes_max: int) -> None:
        """Define ``func(string, string) -> result<string, error>``.

        Args:
            bytes_max: longest sum of both arguments; more is answered ``HOST_CALL_TOO_BIG``.
        """

        def raw(_context: Any, arguments: Any, results: Any) -> None:
            first, second = arguments[0].of.string, arguments[1].of.string
            if first.size + second.size > bytes_max:
                _put_error(results[0], ("HOST_CALL_TOO_BIG", "", f'{{"size_bytes_max":{bytes_max}}}'))
                return
            try:
                answer = function(take_text(first), take_text(second))
            except Refused as refused:
                _put_error(results[0], refused.fields)
            else:
                put_ok(results[0], answer)

        self.add_raw(instance, name, raw)

    def _define(self, instance: LinkerInstance, name: str, callback: Callable[..., Any]) -> None:
        """Hand a callback to the engine."""
        pointer = _ffi.wasmtime_component_func_callback_t(callback)
        self._callbacks.append(pointer)
        encoded = name.encode()
        error = _bindings.wasmtime_component_linker_instance_add_func(
            instance.ptr(), ctypes.create_string_buffer(encoded), len(encoded), pointer, None, _no_finalizer
        )
        if error:  # type: ignore[truthy-bool]
            raise WasmtimeError._from_ptr(error)


class TextFunction:
    """A guest's ``func(string, string) -> result<string, error>``."""

    __slots__ = ("_arguments", "_context", "_function")

    def __init__(self, store: Store, function: Func) -> None:
        """Bind the function to its store."""
        self._context = store._context()
        self._function = function._func
        self._arguments = (Value * 2)()

    def __call__(self, first: str, second: str, *, bytes_max: int) -> tuple[bool, tuple[str, str, str | None], int]:
        """Call the guest.

        Args:
            bytes_max: longest text that is copied out.

        Returns:
            Whether it answered or said no; the answer, or code, message and detail; and the answer's size in bytes.
            Texts longer than ``bytes_max`` come back empty.

        Raises:
            GuestEnded: the instance trapped and must not be used again.
        """
        arguments, result = self._arguments, Value()
        for argument, text in ((arguments[0], first), (arguments[1], second)):
            argument.kind = STRING
            put_text(argument.of.string, text)
        try:
            error = _bindings.wasmtime_component_func_call(
                byref(self._function), self._context, arguments, 2, byref(result), 1
            )
            if error:  # type: ignore[truthy-bool]
                raise GuestEnded(str(WasmtimeError._from_ptr(error)))
            try:
                return _read_result(result.of.result, bytes_max)
            finally:
                _bindings.wasmtime_component_val_delete(byref(result))
        finally:
            for argument in arguments:
                _bindings.wasmtime_component_val_delete(byref(argument))


def _read_result(result: Any, bytes_max: int) -> tuple[bool, tuple[str, str, str | None], int]:
    """Copy a guest's result out, or only its size where it is too long."""
    value = result.val.contents
    if result.is_ok:
        text = value.of.string
        return True, (take_text(text) if text.size <= bytes_max else "", "", None), text.size
    fields = value.of.record.data
    code, message, option = fields[0].val.of.string, fields[1].val.of.string, fields[2].val.of.option
    detail = option.contents.of.string if option else None
    size = code.size + message.size + (detail.size if detail is not None else 0)
    if size > bytes_max:
        return False, ("", "", None), size
    return False, (take_text(code), take_text(message), None if detail is None else take_text(detail)), size
