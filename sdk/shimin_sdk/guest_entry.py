"""The door between the WebAssembly contract and ``App.dispatch``; exists only inside the sandbox.

The platform's build puts a module beside the server code that calls ``bind`` with the application object, and names
the result ``Handler``. Everything at the top of this module runs at build time: what it imports and warms is part of
the snapshot that each instance starts from, since there is no file to import from later.
"""

# pyright: basic, reportMissingImports=false
# basic: what it imports exists inside the sandbox alone

import contextlib
import gc
import importlib
from types import ModuleType
from typing import Any, Protocol

from componentize_py_types import Err  # type: ignore[import-not-found]
from wit_world.imports import core  # type: ignore[import-not-found]
from wit_world.imports.types import Error  # type: ignore[import-not-found]

from shimin_sdk.errors import HostError, MiniAppError

PREPARE = "$prepare"
"""The operation by which the platform makes a fresh instance touch its memory before a citizen waits for it."""
OUT_OF_MEMORY = "$OUT_OF_MEMORY"
"""Told to the platform, which answers ``MINIAPP_MEMORY``."""
CODE_CHARS_MAX = 64
MESSAGE_CHARS_MAX = 2_000

PRELOADED = (
    "_strptime abc base64 bisect calendar codecs collections contextlib copy csv dataclasses datetime decimal difflib "
    "encodings.ascii encodings.gb18030 encodings.gbk encodings.idna encodings.latin_1 encodings.utf_8_sig enum "
    "fractions functools hashlib heapq hmac html inspect io itertools json linecache locale math numbers operator "
    "pprint random re secrets sqlite3 statistics string struct textwrap time traceback types typing unicodedata "
    "urllib.parse uuid warnings zlib"
)
"""What handlers may import late; a module missing here can still be imported at the top of the server code."""


class _Dispatcher(Protocol):
    """What the server code's ``app`` offers."""

    def dispatch(self, operation: str, input_json: str, host: "_PlatformHost", /) -> str:
        """Answer one operation."""
        ...


class _PlatformHost:
    """The platform's three doors, with refusals as exceptions."""

    def execute(self, document: str, variables: str, /) -> str:
        """Run a document of the package; its data as JSON text."""
        try:
            return str(core.execute(_text(document), _text(variables)))
        except Err as err:
            raise _host_error(err) from None

    def fetch(self, connector: str, request: str, /) -> str:
        """Ask a declared connector; its answer as JSON text."""
        try:
            return str(core.fetch(_text(connector), _text(request)))
        except Err as err:
            raise _host_error(err) from None

    def ask(self, service: str, request: str, /) -> str:
        """Ask a service of the platform; its answer as JSON text."""
        try:
            return str(core.ask(_text(service), _text(request)))
        except Err as err:
            raise _host_error(err) from None

    def log(self, level: str, message: str, /) -> None:
        """Write a line for the department."""
        core.log(_text(level), _text(message))


class _BuildHost:
    """Stands in for the platform while the build warms the handlers: there is nobody to ask yet."""

    def execute(self, document: str, variables: str, /) -> str:  # noqa: ARG002 - the same doors as the platform's
        """Refuse."""
        raise HostError("NOT_SERVING", "")

    def fetch(self, connector: str, request: str, /) -> str:  # noqa: ARG002
        """Refuse."""
        raise HostError("NOT_SERVING", "")

    def ask(self, service: str, request: str, /) -> str:  # noqa: ARG002
        """Refuse."""
        raise HostError("NOT_SERVING", "")

    def log(self, level: str, message: str, /) -> None:
        """Drop the line."""


def _text(value: object) -> str:
    """Return a text that can cross the boundary; anything else would end the instance without a word to the department.

    Raises:
        TypeError: it is no text.
        UnicodeEncodeError: it holds half a character.
    """
    if not isinstance(value, str):
        message = f"the platform takes text, not {type(value).__name__}"
        raise TypeError(message)
    value.encode()
    return value


def _host_error(err: Any) -> HostError:
    """Return the platform's refusal as the exception that handlers know."""
    return HostError(err.value.code, err.value.message, err.value.detail)


class _Handler:
    """Exports ``handler.handle``; lets no exception out but the contract's own error."""

    app: _Dispatcher
    prepared = False

    def handle(self, operation: str, input: str) -> str:  # noqa: A002 - the contract's name
        """Answer one operation with JSON text."""
        try:
            if operation == PREPARE and not _Handler.prepared:
                _Handler.prepared = True
                return _prepare(self.app)
            return _text(self.app.dispatch(operation, input, _PlatformHost()))
        except MiniAppError as error:
            detail = error.detail if isinstance(error.detail, str) else None
            raise Err(_told(str(error.code)[:CODE_CHARS_MAX], str(error.message)[:MESSAGE_CHARS_MAX], detail)) from None
        except Err:
            raise
        except MemoryError:
            raise Err(Error(OUT_OF_MEMORY, "", None)) from None
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller learns nothing of it
            _log_bug(error)
            raise Err(Error("INTERNAL", "", None)) from None


def _told(code: str, message: str, detail: str | None) -> Any:
    """Return the contract's own error; one whose words cannot cross the boundary is the guest's bug."""
    try:
        return Error(_text(code), _text(message), detail and _text(detail))
    except UnicodeEncodeError as error:
        _log_bug(error)
        return Error("INTERNAL", "", None)


def _log_bug(error: BaseException) -> None:
    """Tell the department the kind and the place of a bug, never its text, which may hold personal data."""
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f" at {trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    with contextlib.suppress(Exception):
        core.log("error", f"unhandled {type(error).__name__}{place}"[:200])


def _prepare(app: _Dispatcher) -> str:
    """Touch what a first answer touches: host calls both ways, JSON, and the handlers' own warm-up."""
    host = _PlatformHost()
    host.log("debug", "")
    with contextlib.suppress(HostError):
        host.execute("", "{}")
    with contextlib.suppress(Exception):  # what it has to say, it said when it was built
        _warm(app)
    return "{}"


def _warm(app: _Dispatcher) -> None:
    """Run the application's own warm-up where it has one; at build time a failure there fails the build."""
    warm_up = getattr(app, "warm_up", None)
    if callable(warm_up):
        warm_up(_BuildHost())


def bind(module: ModuleType) -> type[_Handler]:
    """Return the exported handler for the server code's entry module, warmed.

    Raises:
        TypeError: the entry module defines no ``app`` with a ``dispatch`` method.
    """
    app = getattr(module, "app", None)
    if not callable(getattr(app, "dispatch", None)):
        message = f"{module.__name__} must define `app = App()`"
        raise TypeError(message)
    for name in PRELOADED.split():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    _Handler.app = app  # type: ignore[assignment]
    _warm(_Handler.app)
    gc.collect()
    gc.freeze()
    return _Handler
