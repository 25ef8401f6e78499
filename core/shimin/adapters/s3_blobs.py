"""Files in an S3 object store, reached by boto3 in a few threads of its own."""

import asyncio
import functools
import hashlib
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from shimin.kit.clock import Clock, SystemClock
from shimin.kit.digest import sha256_id
from shimin.kit.held import assert_outside_unit
from shimin.ports.blobs import (
    BLOB_BYTES_MAX,
    LINK_TTL_S_MAX,
    BlobExists,
    BlobInfo,
    BlobNotFound,
    BlobStoreUnavailable,
    BlobTooLarge,
    PresignedUpload,
    check_key,
)

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

log = structlog.get_logger("shimin.s3")

THREADS = 8
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
ATTEMPTS = 2
_DIGEST = "sha256"
"""Name of the object metadata that holds the content's digest."""
_GONE = frozenset({"NoSuchKey", "404", "NotFound"})
_TAKEN = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})

Answer = TypeVar("Answer")


class S3Blobs:
    """Fulfils ``ports.blobs.Blobs``; boto3 is imported at the first call, not when the server starts."""

    def __init__(
        self, *, url: str, bucket: str, region: str, access_key: str, secret_key: str, clock: Clock | None = None
    ) -> None:
        """Use a bucket; nothing is sent yet.

        Args:
            url: the store's endpoint.
            bucket: must exist (``ensure_bucket`` makes it).
            region: goes into the signature.
            access_key: who we are.
            secret_key: never logged.
            clock: tells when links expire; the machine's by default.
        """
        self._url, self._bucket, self._region = url, bucket, region
        self._access_key, self._secret_key = access_key, secret_key
        self._clock = clock or SystemClock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")
        self._opening = threading.Lock()
        self._client: S3Client | None = None

    async def ensure_bucket(self) -> None:
        """Make the bucket unless it is there and ours."""

        def make(client: "S3Client") -> None:
            if self._bucket not in {item["Name"] for item in client.list_buckets()["Buckets"]}:
                client.create_bucket(Bucket=self._bucket)

        await self._run(make)

    async def put(self, key: str, content: bytes, *, content_type: str, if_absent: bool = False) -> BlobInfo:
        """Store the content under the key.

        Raises:
            BLOB_KEY_INVALID, BLOB_TOO_LARGE, BLOB_STORE_UNAVAILABLE: see the port. BLOB_EXISTS: with ``if_absent``,
                the key is taken.
        """
        check_key(key)
        if len(content) > BLOB_BYTES_MAX:
            raise BlobTooLarge(size_bytes_max=BLOB_BYTES_MAX)
        digest = sha256_id(content)
        only_new: Any = {"IfNoneMatch": "*"} if if_absent else {}

        def send(client: "S3Client") -> BlobInfo:
            answer = client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                Metadata={_DIGEST: digest.removeprefix("sha256:")},
                **only_new,
            )
            sent_at = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
            modified_at = parsedate_to_datetime(sent_at) if sent_at else self._clock.now()
            return BlobInfo(key, len(content), content_type, digest, modified_at)

        return await self._run(send)

    async def get(self, key: str) -> bytes:
        """Return the content, checked against the digest it was stored with.

        Raises:
            BLOB_KEY_INVALID, BLOB_NOT_FOUND, BLOB_TOO_LARGE, BLOB_STORE_UNAVAILABLE: see the port.
        """
        check_key(key)
        return await self._run(lambda client: self._fetch(client, key)[1])

    async def info(self, key: str) -> BlobInfo:
        """Return what is known of the blob; one that a client uploaded itself is read once to find its digest.

        Raises:
            BLOB_KEY_INVALID, BLOB_NOT_FOUND, BLOB_TOO_LARGE, BLOB_STORE_UNAVAILABLE: see the port.
        """
        check_key(key)

        def look(client: "S3Client") -> BlobInfo:
            head = client.head_object(Bucket=self._bucket, Key=key)
            digest = head["Metadata"].get(_DIGEST)
            if digest is None:
                return self._fetch(client, key)[0]
            return BlobInfo(
                key,
                head["ContentLength"],
                head["ContentType"],
                f"sha256:{digest}",
                head["LastModified"].astimezone(UTC),
            )

        return await self._run(look)

    async def delete(self, key: str) -> None:
        """Remove the blob; removing what is not there is no error.

        Raises:
            BLOB_KEY_INVALID, BLOB_STORE_UNAVAILABLE: see the port.
        """
        check_key(key)
        await self._run(lambda client: client.delete_object(Bucket=self._bucket, Key=key))

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with a prefix, in order, a page of the store's at a time.

        Raises:
            BLOB_STORE_UNAVAILABLE: see the port.
        """
        after = ""
        while True:
            names = await self._run(functools.partial(self._page, prefix=prefix, after=after))
            for name in names:
                yield name
            if not names:
                return
            after = names[-1]

    async def presign_download(self, key: str, *, ttl_s: int) -> str:
        """Return a link that downloads the blob for ``ttl_s`` seconds."""
        check_key(key)
        _check_ttl(ttl_s)
        params = {"Bucket": self._bucket, "Key": key}
        return await self._run(
            lambda client: client.generate_presigned_url("get_object", Params=params, ExpiresIn=ttl_s), sends=False
        )

    async def presign_upload(self, key: str, *, content_type: str, size_bytes_max: int, ttl_s: int) -> PresignedUpload:
        """Return a form that uploads one blob of at most ``size_bytes_max`` for ``ttl_s`` seconds.

        A form and not a PUT: only a form's policy can bind the size.
        """
        check_key(key)
        _check_ttl(ttl_s)
        expires_at = self._clock.now() + timedelta(seconds=ttl_s)
        form = await self._run(
            lambda client: client.generate_presigned_post(
                Bucket=self._bucket,
                Key=key,
                Fields={"Content-Type": content_type},
                Conditions=[
                    {"Content-Type": content_type},
                    ["content-length-range", 0, min(size_bytes_max, BLOB_BYTES_MAX)],
                ],
                ExpiresIn=ttl_s,
            ),
            sends=False,
        )
        return PresignedUpload(
            url=form["url"], method="POST", headers={}, expires_at=expires_at, fields=dict(form["fields"])
        )

    async def close(self) -> None:
        """End the threads and close connections."""
        if self._client is not None:
            await asyncio.to_thread(self._client.close)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, do: "Callable[[S3Client], Answer]", *, sends: bool = True) -> Answer:
        """Do something with the client in one of the threads.

        Raises:
            Refusal: what the store's error means; its text stays inside.
        """
        if sends:
            assert_outside_unit("reach the object store")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, do)

    def _do(self, do: "Callable[[S3Client], Answer]") -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - half a second, not at start

        try:
            return do(self._open())
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _GONE:
                raise BlobNotFound from None
            if code in _TAKEN:
                raise BlobExists from None
            log.warning("s3.refused", code=code, operation=error.operation_name)
            raise BlobStoreUnavailable from None
        except BotoCoreError as error:
            log.warning("s3.failed", kind=type(error).__name__)
            raise BlobStoreUnavailable from None

    def _open(self) -> "S3Client":
        """Return the client, made by whoever comes first."""
        with self._opening:
            if self._client is None:
                import boto3  # noqa: PLC0415 - half a second, not at start
                from botocore.config import Config  # noqa: PLC0415

                self._client = boto3.session.Session().client(
                    "s3",
                    endpoint_url=self._url,
                    region_name=self._region,
                    aws_access_key_id=self._access_key,
                    aws_secret_access_key=self._secret_key,
                    config=Config(
                        connect_timeout=CONNECT_TIMEOUT_S,
                        read_timeout=READ_TIMEOUT_S,
                        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                        max_pool_connections=THREADS,
                        signature_version="s3v4",
                        s3={"addressing_style": "path"},
                        # Checksums in trailers are AWS's own extension; other stores refuse them.
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                        proxies={},
                    ),
                )
            return self._client

    def _fetch(self, client: "S3Client", key: str) -> tuple[BlobInfo, bytes]:
        answer = client.get_object(Bucket=self._bucket, Key=key)
        if answer["ContentLength"] > BLOB_BYTES_MAX:
            answer["Body"].close()
            raise BlobTooLarge(size_bytes_max=BLOB_BYTES_MAX)
        content = answer["Body"].read()
        found = hashlib.sha256(content).hexdigest()
        if answer["Metadata"].get(_DIGEST, found) != found:
            log.error("s3.altered", key=key)
            raise BlobStoreUnavailable
        modified_at: datetime = answer["LastModified"].astimezone(UTC)
        return BlobInfo(key, len(content), answer["ContentType"], f"sha256:{found}", modified_at), content

    def _page(self, client: "S3Client", *, prefix: str, after: str) -> list[str]:
        answer = client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, StartAfter=after)
        return [item["Key"] for item in answer.get("Contents", ())]


def _check_ttl(ttl_s: int) -> None:
    if not 0 < ttl_s <= LINK_TTL_S_MAX:
        message = f"a link lives 1 to {LINK_TTL_S_MAX} seconds"
        raise ValueError(message)
