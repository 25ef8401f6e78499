"""Compiled code is trusted code: it is run only as the platform signed it, from a file that is verified while open."""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import structlog

from shimin.adapters.wasm.engine import engine_name
from shimin.ports.sandbox import ArtifactAltered, ArtifactOutdated, BuiltComponent, ReleaseRef, artifact_statement

log = structlog.get_logger("shimin.sandbox")
_READ_BYTES = 1024 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Load = Callable[[str], Awaitable[bytes]]
"""Returns the content of a key of the file store."""
Verify = Callable[[bytes, bytes], bool]
"""Tells whether the build key made a signature over exactly these bytes."""


def sign_build(built: BuiltComponent, package_digest: str, sign: Callable[[bytes], bytes]) -> str:
    """Return the build key's signature that ties a build to the package it was made from, in hex."""
    statement = artifact_statement(
        package_digest=package_digest,
        component_digest=built.component_digest,
        compiled_digest=built.compiled_digest,
        engine=built.engine,
    )
    return sign(statement).hex()


class Artifacts:
    """Compiled code by release, kept in a folder of this machine."""

    def __init__(self, folder: Path, load: Load, verify: Verify) -> None:
        """Keep files in ``folder`` (made, for this user alone)."""
        self._folder = folder
        self._load = load
        self._verify = verify
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def open(self, release: ReleaseRef) -> int:
        """Return a descriptor of the release's compiled code, verified through that descriptor; the caller closes it.

        Raises:
            ArtifactAltered: the signature or the content is not what the platform made.
            ArtifactOutdated: made for another engine or processor.
        """
        self._check_signature(release)
        expected = engine_name()
        if release.engine != expected:
            raise ArtifactOutdated(app_id=release.app_id, engine=release.engine, engine_expected=expected)
        file = self._folder / f"{release.compiled_digest.removeprefix('sha256:')}.cwasm"
        if not file.is_file():
            content = await self._load(release.compiled_key)
            await asyncio.to_thread(self._keep, content, file, release)
        return await asyncio.to_thread(self._open_verified, file, release)

    def _check_signature(self, release: ReleaseRef) -> None:
        """Refuse what the build key did not sign for this package."""
        statement = artifact_statement(
            package_digest=release.package_digest,
            component_digest=release.component_digest,
            compiled_digest=release.compiled_digest,
            engine=release.engine,
        )
        try:
            signature = bytes.fromhex(release.signature)
        except ValueError:
            signature = b""
        if not _DIGEST.fullmatch(release.compiled_digest) or not self._verify(statement, signature):
            self._refuse(release, "signature")

    def _keep(self, content: bytes, file: Path, release: ReleaseRef) -> None:
        """Write a new file and rename it when whole: a runner that maps the old one never sees it change."""
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != release.compiled_digest:
            self._refuse(release, "stored content")
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as unfinished:
                unfinished.write(content)
                unfinished.flush()
                os.fsync(unfinished.fileno())
            Path(name).chmod(0o400)
            Path(name).rename(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _open_verified(self, file: Path, release: ReleaseRef) -> int:
        """Open, then digest what is open: the name may point elsewhere by the time it is loaded."""
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            self._refuse(release, "local file")
        try:
            digest = hashlib.sha256()
            position = 0
            while chunk := os.pread(descriptor, _READ_BYTES, position):
                digest.update(chunk)
                position += len(chunk)
            if f"sha256:{digest.hexdigest()}" != release.compiled_digest:
                self._refuse(release, "local content")
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _refuse(self, release: ReleaseRef, what: str) -> NoReturn:
        """Say no, loudly: somebody or something changed signed code."""
        log.critical("sandbox.artifact_altered", app_id=release.app_id, release_id=release.release_id, what=what)
        raise ArtifactAltered(app_id=release.app_id)
