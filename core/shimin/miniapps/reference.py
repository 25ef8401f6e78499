"""Which built code a live release runs."""

from shimin.ports.sandbox import ReleaseRef
from shimin.releases import AppNotServed, Release


def reference(release: Release) -> ReleaseRef:
    """Return what the sandbox needs to find, check and run a release.

    Raises:
        AppNotServed: nothing was built for it.
    """
    artifact = release.artifact
    if artifact is None:
        raise AppNotServed(app_id=release.app_id)
    return ReleaseRef(
        app_id=release.app_id,
        release_id=release.id,
        package_digest=release.digest,
        component_digest=artifact.component_digest,
        compiled_key=artifact.compiled_key,
        compiled_digest=artifact.compiled_digest,
        engine=artifact.engine,
        signature=artifact.signature,
    )
