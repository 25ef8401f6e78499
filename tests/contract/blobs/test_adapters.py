"""What each adapter promises beside the contract: durability and limits of the folder, laziness and silence of S3."""

import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shimin.adapters import folder_blobs, s3_blobs
from shimin.adapters.folder_blobs import FolderBlobs
from shimin.adapters.s3_blobs import S3Blobs
from shimin.ports.blobs import BlobStoreUnavailable, BlobTooLarge


def folder(path: Path) -> FolderBlobs:
    return FolderBlobs(path, base_url="http://blobs.test", secret=b"k" * 32)


async def test_a_write_that_fails_leaves_the_old_content_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = folder(tmp_path)
    await store.put("a", b"old", content_type="text/plain")

    def fail(_: int) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            await store.put("a", b"new", content_type="text/plain")
    assert await store.get("a") == b"old"
    assert not list((tmp_path / "incoming").iterdir())


async def test_a_second_process_on_the_same_folder_sees_the_same_blobs(tmp_path: Path) -> None:
    await folder(tmp_path).put("a/b", b"x", content_type="text/plain")
    assert await folder(tmp_path).get("a/b") == b"x"


async def test_nothing_larger_than_the_limit_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_blobs, "BLOB_BYTES_MAX", 10)
    monkeypatch.setattr(s3_blobs, "BLOB_BYTES_MAX", 10)
    s3 = S3Blobs(url="http://127.0.0.1:9", bucket="b", region="r", access_key="a", secret_key="s")
    for store in (folder(tmp_path), s3):
        with pytest.raises(BlobTooLarge):
            await store.put("a", b"x" * 11, content_type="text/plain")
    await s3.close()


async def test_a_store_that_does_not_answer_is_a_refusal_that_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3_blobs, "ATTEMPTS", 1)
    store = S3Blobs(url="http://127.0.0.1:9", bucket="b", region="r", access_key="AKIA", secret_key="hush-hush")
    with capture_logs() as logged, pytest.raises(BlobStoreUnavailable) as refused:
        await store.get("a")
    assert "hush" not in f"{logged} {refused.value}"
    assert logged[0]["event"] == "s3.failed"
    await store.close()


async def test_content_altered_in_the_store_is_not_given_out(moto_url: str) -> None:
    store = S3Blobs(url=moto_url, bucket="altered", region="us-east-1", access_key="testing", secret_key="testing")
    await store.ensure_bucket()
    await store.ensure_bucket()
    await store.put("a", b"true", content_type="text/plain")
    await store._run(
        lambda client: client.put_object(Bucket="altered", Key="a", Body=b"fake", Metadata={"sha256": "0" * 64})
    )
    with pytest.raises(BlobStoreUnavailable):
        await store.get("a")
    await store.close()


def test_the_s3_library_is_not_loaded_before_the_first_call() -> None:
    code = (
        "import sys; from shimin.adapters.s3_blobs import S3Blobs;"
        "S3Blobs(url='http://127.0.0.1:9', bucket='b', region='r', access_key='a', secret_key='s');"
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
