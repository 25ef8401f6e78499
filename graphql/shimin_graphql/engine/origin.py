"""Which web pages may ask: the platform's own, and those of the sites it was told of.

A request is forged when a page of another site makes a browser send it with its user's authority. Four things stand
against that here, each sufficient alone for what it covers:

- Authority comes from the ``Authorization`` header only; there are no cookies. A browser adds nothing by itself, so
  what another site's page can send is nobody's request.
- A body must be ``application/json``, which is not a simple content type: a browser asks (preflight) before a page of
  another site may send it, and a form cannot send it at all.
- GET changes nothing: mutations are refused there. A text in a GET is nobody's query, and its answer cannot be read by
  the page that sent it, which gets no ``access-control-allow-origin``.
- An ``Origin`` that is not known is refused before anything runs: on POST, on event streams, and on websockets, which
  browsers open across sites without asking.

Programs other than browsers send no ``Origin`` and are not concerned.

Source: WHATWG Fetch (CORS protocol), RFC 6455 section 10.2, OWASP Cross-Site Request Forgery Prevention Cheat Sheet.
"""

from collections.abc import Iterable

from shimin_graphql.engine.errors import OriginNotAllowed
from shimin_graphql.engine.headers import Headers
from shimin_graphql.engine.response import METHODS, Response

PREFLIGHT_AGE_S = 600
_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"accept-language, authorization, content-type, if-none-match"),
    (b"access-control-max-age", b"%d" % PREFLIGHT_AGE_S),
)
_EXPOSED = (b"access-control-expose-headers", b"etag, retry-after, x-trace-id")


class Origins:
    """Tells pages that may ask from those that may not."""

    def __init__(self, own: Iterable[str] = (), web: Iterable[str] = ()) -> None:
        """Know the server's own origins and those of other sites' pages, each as ``scheme://host[:port]``."""
        self._web = frozenset(origin.encode("ascii") for origin in web)
        self._known = self._web | {origin.encode("ascii") for origin in own}

    def check(self, origin: bytes | None) -> None:
        """Go on unless a browser says that an unknown page is asking.

        Raises:
            OriginNotAllowed: it does; also for ``null``, which any page can make a browser say.
        """
        if origin is not None and origin not in self._known:
            raise OriginNotAllowed

    def headers(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        """Return what lets a page of a known other site read the answer; nothing for anybody else."""
        if origin is None or origin not in self._web:
            return []
        return [(b"access-control-allow-origin", origin), _EXPOSED]

    def preflight(self, headers: Headers) -> Response:
        """Answer OPTIONS: what the path takes, and for a known other site that its page may send it.

        Raises:
            OriginNotAllowed: the page may not.
        """
        origin = headers.get(b"origin")
        self.check(origin)
        answer = [(b"allow", METHODS), (b"vary", b"origin"), *self.headers(origin)]
        if b"access-control-request-method" in headers:
            answer += _PREFLIGHT
        return Response(204, answer)
