"""The developer's local server: loopback alone, secret addresses, and pages that can reach nothing.

Two secrets: the shell's opens the phone and its buttons; the pages' opens the package's files and nothing else, so
that a page, which sees its own address, cannot work the phone.

Source: WHATWG HTML, sandboxed browsing contexts; W3C CSP level 3.
"""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from shimin_sdk.dev.backend import Backend
from shimin_sdk.dev.walls import Walls
from shimin_sdk.dev.watch import Watch
from shimin_sdk.pack.folder import belongs
from shimin_sdk.wire import INPUT_BYTES_MAX

BODY_BYTES_MAX = INPUT_BYTES_MAX + 16 * 1024
EVENT_WAIT_S = 15.0
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg", ".webp": "image/webp", ".woff2": "font/woff2",
}  # fmt: skip
_SHELL_FILES = ("phone.html", "phone.css", "phone.js", "desk.js", "host.js", "panel.js", "sheets.js", "words.js")


class DevServer:
    """The phone of one folder, served on 127.0.0.1 until closed; use it as a context."""

    def __init__(self, folder: Path, *, port: int = 0, walls: Walls | None = None) -> None:
        """Listen and watch the folder.

        Args:
            folder: the mini-app's folder.
            port: 0 takes a free one.
            walls: runs handlers in the real sandbox; closed with the server.

        Raises:
            OSError: the port is taken.
        """
        self.shell_secret, self.page_secret = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self._news = threading.Condition()
        self.number = 0
        self.closed = False
        self._walls = walls
        self.backend = Backend(folder, changed=self._changed, walls=walls)
        server = self

        class Desk(_Desk):
            desk = server

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Desk)
        self._http.daemon_threads = True
        self.port = int(self._http.server_address[1])
        self._watch = Watch(folder, self.backend.reload)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The phone's address, secret included."""
        return f"http://127.0.0.1:{self.port}/{self.shell_secret}/phone.html"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening and watching."""
        self._watch.stop()
        self.closed = True
        self._changed()
        self._http.shutdown()
        self._http.server_close()
        if self._walls is not None:
            self._walls.close()

    def wait_news(self, number: int) -> int:
        """Return as soon as there is something newer than ``number``, or after ``EVENT_WAIT_S``."""
        with self._news:
            self._news.wait_for(lambda: self.number != number or self.closed, EVENT_WAIT_S)
            return self.number

    def _changed(self) -> None:
        with self._news:
            self.number += 1
            self._news.notify_all()


class _Desk(BaseHTTPRequestHandler):
    """Answers one browser."""

    desk: DevServer
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Serve the shell, its news, and the package's files."""
        secret, _, rest = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        if not self._is_here():
            self._say(HTTPStatus.MISDIRECTED_REQUEST, b"127.0.0.1 only", "text/plain")
        elif secrets.compare_digest(secret.encode(), self.desk.shell_secret.encode()) and rest in _SHELL_FILES:
            data = (resources.files("shimin_sdk.dev") / "web" / rest).read_bytes()
            self._say(HTTPStatus.OK, data, _TYPES[Path(rest).suffix], self._shell_rules())
        elif secrets.compare_digest(secret.encode(), self.desk.page_secret.encode()):
            self._page(rest)
        else:
            self._say(HTTPStatus.NOT_FOUND, b"not found", "text/plain")

    def do_POST(self) -> None:
        """Do what a button of the phone asks; only the phone's own page may."""
        secret, _, verb = self.path.lstrip("/").partition("/")
        here = f"http://{self.headers.get('host', '')}"
        known = secrets.compare_digest(secret.encode(), self.desk.shell_secret.encode())
        length = self.headers.get("content-length", "")
        if not self._is_here() or self.headers.get("origin") != here or not known:
            self.close_connection = True  # the body is not read
            self._say(HTTPStatus.FORBIDDEN, b"forbidden", "text/plain")
        elif not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"too big", "text/plain")
        else:
            self._do(verb, self.rfile.read(int(length)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal for the developer's own lines and debugger."""

    def _do(self, verb: str, body: bytes) -> None:
        try:
            sent = json.loads(body)
            answer = self._answer(verb, sent)
        except (ValueError, KeyError, TypeError, AttributeError):
            answer = None
        if answer is None:
            self._say(HTTPStatus.BAD_REQUEST, b"bad request", "text/plain")
        else:
            self._say(HTTPStatus.OK, json.dumps(answer, ensure_ascii=False).encode(), "application/json")

    def _answer(self, verb: str, sent: Mapping[str, Any]) -> Mapping[str, Any] | None:
        backend, subject, locale = self.desk.backend, str(sent["subject"]), str(sent["locale"])
        verbs: Mapping[str, Callable[[], Mapping[str, Any]]] = {
            "state": lambda: self._state(subject, locale, sent.get("after")),
            "call": lambda: backend.call(
                subject, locale, str(sent["operation"]), sent.get("input", {}), sent.get("idempotencyKey")
            ),
            "sheet": lambda: backend.sheet(subject, locale, str(sent["document"])),
            "decide": lambda: backend.decide(subject, str(sent["document"]), str(sent["decision"])),
            "payment": lambda: backend.payment(subject, str(sent["paymentId"])),
            "pay": lambda: backend.pay(subject, str(sent["paymentId"]), str(sent["outcome"])),
            "wrong": lambda: backend.page_error(subject, str(sent["message"])),
        }
        return verbs[verb]() if verb in verbs else None

    def _state(self, subject: str, locale: str, after: object) -> Mapping[str, Any]:
        """Return what there is to show; with ``after``, as soon as there is something newer."""
        number = self.desk.wait_news(after) if isinstance(after, int) else self.desk.number
        return self.desk.backend.state(subject, locale) | {"number": number, "pages": self._pages()}

    def _is_here(self) -> bool:
        """Refuse a name that was made to point at this machine (DNS rebinding)."""
        return self.headers.get("host", "") in {f"127.0.0.1:{self.desk.port}", f"localhost:{self.desk.port}"}

    def _pages(self) -> str:
        return f"/{self.desk.page_secret}/"

    def _page(self, name: str) -> None:
        if not self._may_show(name):
            self._say(HTTPStatus.NOT_FOUND, b"not found", "text/plain")
        else:
            file = self.desk.backend.folder / name
            # module scripts of an opaque origin come by CORS
            rules = self._page_rules() | {"Access-Control-Allow-Origin": "null"}
            self._say(HTTPStatus.OK, file.read_bytes(), _TYPES.get(file.suffix, "application/octet-stream"), rules)

    def _may_show(self, name: str) -> bool:
        """Return whether a name is a page's own file: no code of the server, no text, nothing outside the folder."""
        folder = self.desk.backend.folder
        file = folder / name
        public = belongs(name) and name.partition("/")[0] not in {"server", "operations", "forms", "i18n"}
        plain = ".." not in name.split("/") and not file.is_symlink() and file.is_file()
        return public and plain and file.resolve().is_relative_to(folder.resolve())

    def _shell_rules(self) -> dict[str, str]:
        pages = f"http://{self.headers['host']}{self._pages()}"
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src {pages}; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return {"Content-Security-Policy": policy}

    def _page_rules(self) -> dict[str, str]:
        own = f"http://{self.headers['host']}{self._pages()}"
        policy = (
            f"sandbox allow-scripts; default-src 'none'; script-src {own}; style-src {own}; img-src {own} data:; "
            f"font-src {own}; connect-src 'none'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors http://{self.headers['host']}"
        )
        return {"Content-Security-Policy": policy}

    def _say(self, status: HTTPStatus, body: bytes, kind: str, rules: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        plain = {
            "Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
        }  # fmt: skip
        for name, value in (plain | dict(rules or {})).items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # a browser that went away needs no answer
            self.wfile.write(body)
