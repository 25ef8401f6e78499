"""GraphiQL, where developers try documents. It does not exist in production, and nothing of it comes from a network.

The page is the project's own; the files it needs are fetched by ``tools/dev/graphiql.py`` into this environment.
"""

import mimetypes
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
)
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from shimin.kit.digest import sha256_id
from shimin.kit.refusal import NotFound

if TYPE_CHECKING:
    from shimin.assembly import Platform
    from shimin_graphql.engine.documents import Document

FOLDER = Path(sys.prefix) / "share" / "shimin" / "graphiql"
FILES = frozenset({"graphiql.css", "graphiql.js", "editor.worker.js", "graphql.worker.js", "json.worker.js"})
POLICY = {
    # the editor colours its text by styles it makes
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src data:; img-src data:; worker-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-cache",
}
"""Exactly what the page needs: everything from this server, scripts from files alone."""
MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>GraphiQL is not there yet</title>
<style>body{font:16px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:40rem;padding:0 1rem}</style>
<h1>GraphiQL is not there yet</h1>
<p>Its files come from the npm registry and were not fetched. With npm installed
(Debian: <code>apt-get install npm</code>) run <code>make graphiql</code>, then load this page again.</p></html>"""


async def page(request: Request) -> Response:  # noqa: ARG001 - a route's signature
    """Return the page, or what to do where its files are missing."""
    if not (FOLDER / "integrity").exists():
        return HTMLResponse(MISSING, status_code=NotFound.http_status)
    return HTMLResponse(_own("graphiql.html"), headers=POLICY)


async def file(request: Request) -> Response:
    """Return one of the files that the page asks for."""
    name = request.path_params["name"]
    if name == "start.js":
        return Response(_own("graphiql.js"), media_type="text/javascript", headers=POLICY)
    path = FOLDER / name
    if name not in FILES or not path.is_file():
        raise NotFound
    return FileResponse(path, media_type=mimetypes.guess_type(name)[0], headers=POLICY)


async def operations(request: Request) -> Response:
    """Return the mobile client's operations, each with variables to fill in."""
    platform: Platform = request.app.state.platform
    documents = platform.edge.documents
    folder = resources.files("shimin_graphql") / "operations"
    texts = [item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".graphql")]
    found = [_example(documents.trusted(sha256_id(text)), documents.schema) for text in texts]
    return JSONResponse(sorted(found, key=lambda one: str(one["name"])), headers=POLICY)


def _example(document: "Document", schema: GraphQLSchema) -> dict[str, Any]:
    variables = {}
    for told in document.operation.variable_definitions or ():
        kind: Any = type_from_ast(schema, told.type)
        if is_non_null_type(kind) and told.default_value is None:
            variables[told.variable.name.value] = _blank(kind)
    return {"name": document.scopes.name, "kind": document.kind, "text": document.text, "variables": variables}


def _blank(kind: GraphQLInputType) -> Any:
    """Return a value to be filled in: what is required, with the first of an enum's values."""
    if isinstance(kind, GraphQLNonNull):
        return _blank(kind.of_type)
    if isinstance(kind, GraphQLList):
        return []
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {name: _blank(told.type) for name, told in kind.fields.items() if is_required_input_field(told)}
    return {"Int": 0, "Float": 0, "Boolean": False}.get(kind.name, "")


@cache
def _own(name: str) -> str:
    return (resources.files("shimin_graphql") / "routes" / name).read_text("utf-8")
