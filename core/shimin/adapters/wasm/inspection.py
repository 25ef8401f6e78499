"""What a component is made of, read from its bytes before any compiler sees it.

Source: WebAssembly Core Specification section 5.5 (modules); Component Model, Binary.md (layer 1, nested sections).
"""

from dataclasses import dataclass

COMPONENT_BYTES_MAX = 64 * 1024 * 1024
FUNCTIONS_MAX = 60_000
MODULES_MAX = 64
NESTING_MAX = 4

_LEB128_MORE = 0x80
_LEB128_BITS_MAX = 35
_MAGIC = b"\0asm"
_CORE_VERSION = b"\x01\x00\x00\x00"
_COMPONENT_VERSION = b"\x0d\x00\x01\x00"
_SECTION_CORE_MODULE = 1
_SECTION_COMPONENT = 4
_CORE_SECTION_FUNCTION = 3

ALLOWED_IMPORTS = frozenset(
    {
        "shimin:miniapp/core",
        "shimin:miniapp/types",
        "wasi:cli/environment",
        "wasi:cli/exit",
        "wasi:cli/stderr",
        "wasi:cli/stdin",
        "wasi:cli/stdout",
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/terminal-stderr",
        "wasi:cli/terminal-stdin",
        "wasi:cli/terminal-stdout",
        "wasi:clocks/monotonic-clock",
        "wasi:clocks/wall-clock",
        "wasi:filesystem/preopens",
        "wasi:filesystem/types",
        "wasi:io/error",
        "wasi:io/poll",
        "wasi:io/streams",
        "wasi:random/random",
        "wasi:sockets/instance-network",
        "wasi:sockets/ip-name-lookup",
        "wasi:sockets/network",
        "wasi:sockets/tcp",
        "wasi:sockets/tcp-create-socket",
        "wasi:sockets/udp",
        "wasi:sockets/udp-create-socket",
    }
)
"""What the interpreter is linked against. The runner answers few of them; the rest (files, sockets, terminals) trap."""


class ComponentRefused(Exception):  # noqa: N818 - an answer
    """The component is malformed, too big, or asks for more than it may."""


@dataclass(slots=True)
class _Count:
    """Sums over every nested module."""

    functions: int = 0
    modules: int = 0


def _leb128(data: memoryview, position: int, end: int) -> tuple[int, int]:
    """Return an unsigned LEB128 number of at most 32 bits and where it ends."""
    value = shift = 0
    while position < end and shift < _LEB128_BITS_MAX:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < _LEB128_MORE:
            return value, position
        shift += 7
    message = "malformed number"
    raise ComponentRefused(message)


def _walk(data: memoryview, start: int, end: int, depth: int, count: _Count) -> None:
    """Add up the functions of a module or component and of what is nested in it."""
    if depth > NESTING_MAX:
        message = f"nested deeper than {NESTING_MAX}"
        raise ComponentRefused(message)
    preamble = bytes(data[start : min(start + 8, end)])
    is_core = preamble == _MAGIC + _CORE_VERSION
    if not is_core and preamble != _MAGIC + _COMPONENT_VERSION:
        message = "neither a module nor a component"
        raise ComponentRefused(message)
    if is_core:
        count.modules += 1
    position = start + 8
    while position < end:
        section = data[position]
        size, position = _leb128(data, position + 1, end)
        if position + size > end:
            message = "section exceeds its module"
            raise ComponentRefused(message)
        if is_core and section == _CORE_SECTION_FUNCTION:
            functions, _ = _leb128(data, position, position + size)
            count.functions += functions
        elif not is_core and section in {_SECTION_CORE_MODULE, _SECTION_COMPONENT}:
            _walk(data, position, position + size, depth + 1, count)
        if count.functions > FUNCTIONS_MAX or count.modules > MODULES_MAX:
            message = f"more than {FUNCTIONS_MAX} functions or {MODULES_MAX} modules"
            raise ComponentRefused(message)
        position += size


def count_functions(component: bytes) -> int:
    """Return the number of functions in a component.

    Raises:
        ComponentRefused: it is larger, has more functions or modules, or is nested deeper than allowed.
    """
    if len(component) > COMPONENT_BYTES_MAX:
        message = f"larger than {COMPONENT_BYTES_MAX} bytes"
        raise ComponentRefused(message)
    if component[:8] != _MAGIC + _COMPONENT_VERSION:
        message = "not a component"
        raise ComponentRefused(message)
    count = _Count()
    _walk(memoryview(component), 0, len(component), 0, count)
    return count.functions


def check_imports(names: list[str]) -> None:
    """Accept imports of the sandbox contract and of what the interpreter needs.

    Raises:
        ComponentRefused: names another; each name is ``namespace:package/interface@version``.
    """
    foreign = sorted(name for name in names if name.partition("@")[0] not in ALLOWED_IMPORTS)
    if foreign:
        message = f"imports {', '.join(foreign[:5])}"
        raise ComponentRefused(message)
