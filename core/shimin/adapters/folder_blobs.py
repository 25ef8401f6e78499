"""Files in a local folder: written whole or not at all, with signed links of our own."""

import asyncio
import hashlib
import hmac
import json
import os
import secrets
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from shimin.kit.clock import Clock, SystemClock
from shimin.kit.digest import sha256_id
from shimin.kit.held import assert_outside_unit
from shimin.ports.blobs import (
    BLOB_BYTES_MAX,
    LINK_TTL_S_MAX,
    BlobExists,
    BlobInfo,
    BlobLinkInvalid,
    BlobNotFound,
    BlobTooLarge,
    PresignedUpload,
    check_key,
)

_MAGIC = b"shimin-blob-1\n"
_LENGTH = struct.Struct(">I")
_SEGMENT_CHARS_MAX = 200
"""A file name may have 255 bytes; longer key segments are spread over folders."""
_HEAD_BYTES_MAX = 4096


class FolderBlobs:
    """Fulfils ``ports.blobs.Blobs`` on one machine.

    A blob is one file: a head (content type, digest) and the content. It is written beside its place, flushed to
    disk, then renamed (or linked, where an existing one must win), so a reader sees old or new, never both.
    """

    def __init__(self, root: Path, *, base_url: str, secret: bytes, clock: Clock | None = None) -> None:
        """Use a folder, made when missing.

        Args:
            root: where the files are.
            base_url: what links begin with; ``/blobs/<key>`` follows.
            secret: signs the links, at least 32 bytes.
            clock: the machine's by default.
        """
        self._objects = root / "objects"
        self._incoming = root / "incoming"
        self._base_url = base_url.rstrip("/")
        self._secret = secret
        self._clock = clock or SystemClock()
        for folder in (self._objects, self._incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def put(self, key: str, content: bytes, *, content_type: str, if_absent: bool = False) -> BlobInfo:
        """Store the content under the key.

        Raises:
            BLOB_KEY_INVALID, BLOB_TOO_LARGE: see the port. BLOB_EXISTS: with ``if_absent``, the key is taken.
        """
        check_key(key)
        assert_outside_unit("write a file")
        if len(content) > BLOB_BYTES_MAX:
            raise BlobTooLarge(size_bytes_max=BLOB_BYTES_MAX)
        return await asyncio.to_thread(self._write, key, content, content_type, if_absent)

    async def get(self, key: str) -> bytes:
        """Return the content.

        Raises:
            BLOB_KEY_INVALID, BLOB_NOT_FOUND: see the port.
        """
        check_key(key)
        assert_outside_unit("read a file")
        return (await asyncio.to_thread(self._read, key))[1]

    async def info(self, key: str) -> BlobInfo:
        """Return what is known of the blob.

        Raises:
            BLOB_KEY_INVALID, BLOB_NOT_FOUND: see the port.
        """
        check_key(key)
        assert_outside_unit("read a file")
        return await asyncio.to_thread(self._info, key)

    async def delete(self, key: str) -> None:
        """Remove the blob; removing what is not there is no error.

        Raises:
            BLOB_KEY_INVALID: see the port.
        """
        check_key(key)
        assert_outside_unit("remove a file")
        await asyncio.to_thread(self._place(key).unlink, missing_ok=True)

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with a prefix, in order."""
        assert_outside_unit("list files")
        for key in await asyncio.to_thread(lambda: sorted(self._walk(self._objects, "", prefix))):
            yield key

    async def presign_download(self, key: str, *, ttl_s: int) -> str:
        """Return a link that downloads the blob for ``ttl_s`` seconds."""
        check_key(key)
        query = self._signed({"method": "GET", "expires": str(self._expiry_s(ttl_s))}, key)
        return f"{self._base_url}/blobs/{quote(key)}?{urlencode(query)}"

    async def presign_upload(self, key: str, *, content_type: str, size_bytes_max: int, ttl_s: int) -> PresignedUpload:
        """Return what a client needs to upload one blob of at most ``size_bytes_max`` for ``ttl_s`` seconds."""
        check_key(key)
        expires_s = self._expiry_s(ttl_s)
        terms = {"method": "PUT", "expires": str(expires_s), "type": content_type, "max": str(size_bytes_max)}
        return PresignedUpload(
            url=f"{self._base_url}/blobs/{quote(key)}?{urlencode(self._signed(terms, key))}",
            method="PUT",
            headers={"content-type": content_type},
            expires_at=datetime.fromtimestamp(expires_s, UTC),
        )

    async def serve(self, key: str, query: Mapping[str, str]) -> tuple[BlobInfo, bytes]:
        """Answer a request for a download link: the blob, if the link holds.

        Raises:
            BLOB_LINK_INVALID, BLOB_NOT_FOUND: it does not, or there is no such blob any more.
        """
        self._check_link("GET", key, query)
        return await asyncio.to_thread(self._read, key)

    async def receive(
        self, key: str, query: Mapping[str, str], *, content_type: str, content: AsyncIterator[bytes]
    ) -> BlobInfo:
        """Answer a request to an upload link: store what arrives, if the link holds and no more than it allows.

        Raises:
            BLOB_LINK_INVALID: it does not hold, or was made for another content type. BLOB_TOO_LARGE: more arrives.
        """
        self._check_link("PUT", key, query)
        if content_type != query["type"]:
            raise BlobLinkInvalid
        size_bytes_max = min(int(query["max"]), BLOB_BYTES_MAX)
        arrived = bytearray()
        async for chunk in content:
            arrived += chunk
            if len(arrived) > size_bytes_max:
                raise BlobTooLarge(size_bytes_max=size_bytes_max)
        return await self.put(key, bytes(arrived), content_type=content_type)

    async def close(self) -> None:
        """Nothing is held open."""

    def _write(self, key: str, content: bytes, content_type: str, if_absent: bool) -> BlobInfo:  # noqa: FBT001
        digest = sha256_id(content)
        head = json.dumps({"content_type": content_type, "digest": digest}).encode()
        if len(head) > _HEAD_BYTES_MAX:
            raise ValueError("the content type is too long")
        place, fresh = self._place(key), self._incoming / secrets.token_hex(16)
        self._make_folder(place.parent)
        try:
            with fresh.open("xb") as file:
                file.write(_MAGIC + _LENGTH.pack(len(head)) + head)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                modified_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            if if_absent:
                try:
                    place.hardlink_to(fresh)
                except FileExistsError:
                    raise BlobExists from None
            else:
                fresh.replace(place)
            _flush_folder(place.parent)
        finally:
            fresh.unlink(missing_ok=True)
        return BlobInfo(key, len(content), content_type, digest, modified_at)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder so that it survives a power cut: each new level is flushed into the one above."""
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for level in reversed(missing):
            with suppress(FileExistsError):
                level.mkdir(mode=0o700)
            _flush_folder(level.parent)

    def _read(self, key: str) -> tuple[BlobInfo, bytes]:
        try:
            with self._place(key).open("rb") as file:
                stat = os.fstat(file.fileno())
                content_type, digest, at = _read_head(file.read(len(_MAGIC) + _LENGTH.size + _HEAD_BYTES_MAX))
                file.seek(at)
                content = file.read()
        except FileNotFoundError:
            raise BlobNotFound from None
        modified_at = datetime.fromtimestamp(stat.st_mtime, UTC)
        return BlobInfo(key, len(content), content_type, digest, modified_at), content

    def _info(self, key: str) -> BlobInfo:
        try:
            with self._place(key).open("rb") as file:
                stat = os.fstat(file.fileno())
                content_type, digest, at = _read_head(file.read(len(_MAGIC) + _LENGTH.size + _HEAD_BYTES_MAX))
        except FileNotFoundError:
            raise BlobNotFound from None
        return BlobInfo(key, stat.st_size - at, content_type, digest, datetime.fromtimestamp(stat.st_mtime, UTC))

    def _place(self, key: str) -> Path:
        """Return the file of a key; names end in .f (file), .d (folder) or .c (more of the segment follows)."""
        *folders, name = key.split("/")
        path = self._objects
        for part in folders:
            for chunk in _chunks(part)[:-1]:
                path /= f"{chunk}.c"
            path /= f"{_chunks(part)[-1]}.d"
        for chunk in _chunks(name)[:-1]:
            path /= f"{chunk}.c"
        return path / f"{_chunks(name)[-1]}.f"

    def _walk(self, folder: Path, above: str, prefix: str) -> Iterator[str]:
        """Yield the keys below a folder, leaving out branches that cannot begin with the prefix."""
        with os.scandir(folder) as entries:
            for entry in entries:
                name, kind = entry.name[:-2], entry.name[-2:]
                here = above + name + ("/" if kind == ".d" else "")
                if kind == ".f":
                    if here.startswith(prefix):
                        yield here
                elif here.startswith(prefix) or prefix.startswith(here):
                    yield from self._walk(Path(entry.path), here, prefix)

    def _expiry_s(self, ttl_s: int) -> int:
        """Return when a link made now ends, in whole seconds since 1970."""
        if not 0 < ttl_s <= LINK_TTL_S_MAX:
            message = f"a link lives 1 to {LINK_TTL_S_MAX} seconds"
            raise ValueError(message)
        return int((self._clock.now() + timedelta(seconds=ttl_s)).timestamp())

    def _signed(self, terms: Mapping[str, str], key: str) -> dict[str, str]:
        """Return the terms of a link with the signature that binds them to the key."""
        text = json.dumps([key, sorted(terms.items())], separators=(",", ":"))
        return {**terms, "signature": hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()}

    def _check_link(self, method: str, key: str, query: Mapping[str, str]) -> None:
        """Go on only if the link was made here, for this method and key, and has not expired."""
        terms = {name: value for name, value in query.items() if name != "signature"}
        given = query.get("signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._signed(terms, key)["signature"].encode()):
            raise BlobLinkInvalid
        if terms.get("method") != method or self._clock.now().timestamp() >= int(terms["expires"]):
            raise BlobLinkInvalid


def _chunks(segment: str) -> list[str]:
    """Cut a key's segment into pieces that fit a file name."""
    return [segment[at : at + _SEGMENT_CHARS_MAX] for at in range(0, len(segment), _SEGMENT_CHARS_MAX)]


def _read_head(raw: bytes) -> tuple[str, str, int]:
    """Return content type, digest and where the content begins."""
    if not raw.startswith(_MAGIC):
        raise ValueError("not a file of this store")
    at = len(_MAGIC) + _LENGTH.size
    length = _LENGTH.unpack(raw[len(_MAGIC) : at])[0]
    head = json.loads(raw[at : at + length])
    return head["content_type"], head["digest"], at + length


def _flush_folder(folder: Path) -> None:
    """Make a rename inside the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
