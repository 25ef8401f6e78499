"""The contract of the object store, kept by every adapter."""

import asyncio
import os
from typing import Any

import httpx
import pytest

from shimin.kit.digest import sha256_id
from shimin.ports.blobs import (
    BlobExists,
    BlobKeyInvalid,
    BlobNotFound,
    Blobs,
    PresignedUpload,
    check_key,
)

KEY = "releases/linhai.hrss.social-security/sha256-00ff.wasm"


async def send(phone: httpx.AsyncClient, link: PresignedUpload, content: bytes, **changed: str) -> httpx.Response:
    """Upload as the link says: a plain body, or a form whose last field is the file."""
    if link.method == "POST":
        fields = {**link.fields, **changed}
        return await phone.post(link.url, data=fields, files={"file": ("blob", content)})
    return await phone.request(link.method, link.url, content=content, headers={**link.headers, **changed})


async def test_what_was_put_is_what_is_got(blobs: Blobs) -> None:
    content = bytes(range(256)) * 40
    put = await blobs.put(KEY, content, content_type="application/wasm")
    assert (put.key, put.size_bytes, put.content_type) == (KEY, len(content), "application/wasm")
    assert put.digest == sha256_id(content)
    assert put.modified_at.tzinfo is not None
    assert await blobs.get(KEY) == content
    info = await blobs.info(KEY)
    assert (info.key, info.size_bytes, info.content_type, info.digest) == (
        KEY,
        len(content),
        put.content_type,
        put.digest,
    )


async def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    await blobs.put("empty", b"", content_type="text/plain")
    assert await blobs.get("empty") == b""
    assert (await blobs.info("empty")).size_bytes == 0


async def test_putting_again_replaces_unless_the_first_must_win(blobs: Blobs) -> None:
    await blobs.put("a", b"one", content_type="text/plain")
    await blobs.put("a", b"two", content_type="text/csv")
    assert await blobs.get("a") == b"two"
    assert (await blobs.info("a")).content_type == "text/csv"
    with pytest.raises(BlobExists):
        await blobs.put("a", b"three", content_type="text/plain", if_absent=True)
    assert await blobs.get("a") == b"two"


async def test_a_race_to_put_first_has_one_winner(blobs: Blobs, store: str) -> None:
    if store == "moto":
        # moto checks the condition and writes in two steps, so two may win; the real server and the folder do not.
        await blobs.put("race", b"0", content_type="text/plain", if_absent=True)
    contents = [str(number).encode() for number in range(8)]
    results = await asyncio.gather(
        *(blobs.put("race", content, content_type="text/plain", if_absent=True) for content in contents),
        return_exceptions=True,
    )
    won = [result for result in results if not isinstance(result, BaseException)]
    lost = [result for result in results if isinstance(result, BlobExists)]
    assert (len(won), len(lost)) == ((0, 8) if store == "moto" else (1, 7))
    if won:
        assert sha256_id(await blobs.get("race")) == won[0].digest


async def test_readers_see_the_old_or_the_new_content_never_a_mixture(blobs: Blobs) -> None:
    old, new = b"o" * 200_000, b"n" * 300_000
    await blobs.put("swap", old, content_type="text/plain")

    async def write() -> None:
        for content in (new, old) * 5:
            await blobs.put("swap", content, content_type="text/plain")

    writing = asyncio.create_task(write())
    seen = set()
    while not writing.done():
        seen.add(await blobs.get("swap"))
    await writing
    assert seen <= {old, new}


async def test_what_is_not_there_is_not_found_and_may_be_deleted(blobs: Blobs) -> None:
    for ask in (blobs.get, blobs.info):
        with pytest.raises(BlobNotFound):
            await ask("nothing/here")
    await blobs.delete("nothing/here")
    await blobs.put("nothing/here", b"x", content_type="text/plain")
    await blobs.delete("nothing/here")
    with pytest.raises(BlobNotFound):
        await blobs.get("nothing/here")


async def test_keys_come_in_order_and_only_below_the_prefix(blobs: Blobs) -> None:
    wanted = ["p/a", "p/a.d/b", "p/a.f", "p/a/b", "p/b", "p/" + "n" * 500, "p.x/y"]
    for key in [*wanted, "q/a"]:
        await blobs.put(key, key.encode(), content_type="text/plain")
    assert [key async for key in blobs.keys("p")] == sorted(wanted)
    assert [key async for key in blobs.keys("p/a")] == ["p/a", "p/a.d/b", "p/a.f", "p/a/b"]
    assert [key async for key in blobs.keys("p/" + "n" * 300)] == ["p/" + "n" * 500]
    assert [key async for key in blobs.keys("nothing")] == []
    for key in wanted:
        assert await blobs.get(key) == key.encode()


BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a b", "a\\b", "a\x00b", "ä", "a" * 513, "a?b", "a\n"]


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_a_key_that_could_climb_or_confuse_is_refused_everywhere(blobs: Blobs, key: str) -> None:
    for refused in (
        blobs.put(key, b"x", content_type="text/plain"),
        blobs.get(key),
        blobs.info(key),
        blobs.delete(key),
        blobs.presign_download(key, ttl_s=60),
        blobs.presign_upload(key, content_type="text/plain", size_bytes_max=1, ttl_s=60),
    ):
        with pytest.raises(BlobKeyInvalid):
            await refused


def test_ordinary_keys_are_fine() -> None:
    for key in ("a", "a/b.c-d_e/F0", "...", "a" * 512, "a/..b"):
        assert check_key(key) == key


async def test_a_download_link_gives_the_content_to_who_has_only_the_link(
    blobs: Blobs, phone: httpx.AsyncClient
) -> None:
    await blobs.put("photos/hall.txt", "海".encode(), content_type="text/plain; charset=utf-8")
    answer = await phone.get(await blobs.presign_download("photos/hall.txt", ttl_s=60))
    assert answer.status_code == 200
    assert answer.content == "海".encode()
    assert answer.headers["content-type"].replace(" ", "") == "text/plain;charset=utf-8"


async def test_an_upload_link_takes_one_blob_of_its_type(blobs: Blobs, phone: httpx.AsyncClient) -> None:
    link = await blobs.presign_upload("in/scan.png", content_type="image/png", size_bytes_max=1000, ttl_s=60)
    answer = await send(phone, link, b"p" * 1000)
    assert answer.status_code in {200, 201, 204}, answer.text
    assert await blobs.get("in/scan.png") == b"p" * 1000
    info = await blobs.info("in/scan.png")
    assert (info.content_type, info.digest) == ("image/png", sha256_id(b"p" * 1000))


ENFORCING = pytest.mark.parametrize(
    "store", ["folder", *(["s3"] if os.environ.get("SHIMIN_TEST_S3_URL") else [])], indirect=True
)
"""The stores that check links; moto checks no signatures, expiry or policies, by its own documentation."""


@ENFORCING
async def test_an_upload_link_takes_nothing_larger_and_nothing_of_another_type(
    blobs: Blobs, phone: httpx.AsyncClient
) -> None:
    link = await blobs.presign_upload("in/scan.png", content_type="image/png", size_bytes_max=1000, ttl_s=60)
    assert (await send(phone, link, b"p" * 1001)).status_code in {400, 413}
    kind = "Content-Type" if link.method == "POST" else "content-type"
    assert (await send(phone, link, b"p", **{kind: "text/html"})).status_code in {400, 403}
    with pytest.raises(BlobNotFound):
        await blobs.get("in/scan.png")


@ENFORCING
async def test_a_link_opens_its_own_key_with_its_own_method_only(blobs: Blobs, phone: httpx.AsyncClient) -> None:
    await blobs.put("mine", b"mine", content_type="text/plain")
    await blobs.put("other", b"other", content_type="text/plain")
    link = await blobs.presign_download("mine", ttl_s=60)
    assert (await phone.get(link)).status_code == 200
    assert (await phone.get(link.replace("/mine", "/other"))).status_code == 403
    assert (await phone.put(link, content=b"x", headers={"content-type": "text/plain"})).status_code == 403
    assert (await phone.get(link[:-1] + ("0" if link[-1] != "0" else "1"))).status_code == 403
    assert (await phone.get(link.partition("?")[0])).status_code == 403
    assert await blobs.get("mine") == b"mine"


@ENFORCING
async def test_a_link_ends(blobs: Blobs, phone: httpx.AsyncClient, store: str, frozen_clock: Any) -> None:
    await blobs.put("mine", b"mine", content_type="text/plain")
    download = await blobs.presign_download("mine", ttl_s=1)
    upload = await blobs.presign_upload("in/a", content_type="text/plain", size_bytes_max=10, ttl_s=1)
    frozen_clock.at = upload.expires_at
    await asyncio.sleep(0 if store == "folder" else 2.1)
    assert (await phone.get(download)).status_code == 403
    assert (await send(phone, upload, b"late")).status_code in {400, 403}
    with pytest.raises(BlobNotFound):
        await blobs.get("in/a")


@pytest.mark.parametrize("ttl_s", [0, -1, 8 * 24 * 3600])
async def test_a_link_cannot_live_forever(blobs: Blobs, ttl_s: int) -> None:
    with pytest.raises(ValueError, match="a link lives"):
        await blobs.presign_download("a", ttl_s=ttl_s)
    with pytest.raises(ValueError, match="a link lives"):
        await blobs.presign_upload("a", content_type="text/plain", size_bytes_max=1, ttl_s=ttl_s)


async def test_the_store_is_never_reached_while_a_unit_is_open(blobs: Blobs, db: Any) -> None:
    async with db.unit():
        with pytest.raises(AssertionError, match="a unit is open"):
            await blobs.put("a", b"x", content_type="text/plain")
        with pytest.raises(AssertionError, match="a unit is open"):
            await blobs.get("a")
    with pytest.raises(BlobNotFound):
        await blobs.get("a")
