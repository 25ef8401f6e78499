"""Files: named bytes in a bucket, with links that let a phone up- or download directly for a while."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shimin.kit.refusal import Refusal

BLOB_BYTES_MAX = 100 * 1024 * 1024
KEY_CHARS_MAX = 512
LINK_TTL_S_MAX = 7 * 24 * 3600
"""Longest life of a presigned link (that of AWS Signature Version 4)."""

_KEY = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """What is known of a stored blob without reading it."""

    key: str
    size_bytes: int
    content_type: str
    digest: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """Where and how a client may send exactly one object until it expires."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    """With method POST: form fields to send before the last one, ``file`` (RFC 7578); else the body is the content."""


class BlobNotFound(Refusal):
    """There is no blob of that key."""

    code = "BLOB_NOT_FOUND"
    http_status = 404


class BlobExists(Refusal):
    """The key is taken and the caller asked not to overwrite."""

    code = "BLOB_EXISTS"
    http_status = 409


class BlobTooLarge(Refusal):
    """The content is larger than the limit."""

    code = "BLOB_TOO_LARGE"
    http_status = 413
    size_bytes_max: int


class BlobKeyInvalid(Refusal):
    """The key is empty, too long (> 512), climbs, or has characters a key may not have."""

    code = "BLOB_KEY_INVALID"


class BlobLinkInvalid(Refusal):
    """A presigned link that expired, was altered, or is used for something else than it was made for."""

    code = "BLOB_LINK_INVALID"
    http_status = 403


class BlobStoreUnavailable(Refusal):
    """The object store did not answer."""

    code = "BLOB_STORE_UNAVAILABLE"
    http_status = 503
    retryable = True


def check_key(key: str) -> str:
    """Return the key if it may name a blob.

    Raises:
        BlobKeyInvalid: it may not.
    """
    if len(key) > KEY_CHARS_MAX or not _KEY.fullmatch(key) or any(part in {".", ".."} for part in key.split("/")):
        raise BlobKeyInvalid
    return key


class Blobs(Protocol):
    """Store and return bytes by key.

    Contract: ``put`` then ``get`` gives the same bytes; a reader sees the old or the new content, never a
    mixture; ``put(if_absent=True)`` has one winner in a race; keys are ``[A-Za-z0-9._/-]``, at most 512,
    no empty, ``.`` or ``..`` segment; nothing larger than ``BLOB_BYTES_MAX``; a presigned link works until
    it expires and for its method and key only.
    """

    async def put(self, key: str, content: bytes, *, content_type: str, if_absent: bool = False) -> BlobInfo:
        """Store the content under the key."""
        ...

    async def get(self, key: str) -> bytes:
        """Return the content."""
        ...

    async def info(self, key: str) -> BlobInfo:
        """Return what is known of the blob."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the blob; removing what is not there is no error."""
        ...

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys below a prefix in order."""
        ...

    async def presign_download(self, key: str, *, ttl_s: int) -> str:
        """Return a link that downloads the blob for ``ttl_s`` seconds."""
        ...

    async def presign_upload(self, key: str, *, content_type: str, size_bytes_max: int, ttl_s: int) -> PresignedUpload:
        """Return what a client needs to upload one blob of at most ``size_bytes_max`` for ``ttl_s`` seconds."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
