"""Links that the folder store signs for phones; with an S3 store the links lead there and these routes know nothing."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shimin.adapters.folder_blobs import FolderBlobs
from shimin.kit.refusal import NotFound

if TYPE_CHECKING:
    from shimin.assembly import Platform


def _folder(request: Request) -> FolderBlobs:
    """Return the folder store, if that is what this installation has."""
    platform: Platform = request.app.state.platform
    if not isinstance(platform.blobs, FolderBlobs):
        raise NotFound
    return platform.blobs


async def download(request: Request) -> Response:
    """Send the file of a link that holds; it is never shown as a page of this site."""
    info, content = await _folder(request).serve(request.path_params["key"], request.query_params)
    headers = {"content-disposition": "attachment", "cache-control": "private, no-store", "etag": f'"{info.digest}"'}
    return Response(content, media_type=info.content_type, headers=headers)


async def upload(request: Request) -> Response:
    """Take the file of an upload link that holds, no larger than it allows."""
    info = await _folder(request).receive(
        request.path_params["key"],
        request.query_params,
        content_type=request.headers.get("content-type", ""),
        content=request.stream(),
    )
    return JSONResponse({"key": info.key, "size_bytes": info.size_bytes, "digest": info.digest}, status_code=201)
