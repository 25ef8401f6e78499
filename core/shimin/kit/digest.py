"""Names made from content: the same bytes, the same name."""

import hashlib


def sha256_id(content: bytes | str) -> str:
    """Return ``sha256:<64 hex digits>`` of the content (text as UTF-8).

    Source: FIPS 180-4; the prefix is that of the GraphQL-over-HTTP persisted-documents appendix.
    """
    data = content.encode() if isinstance(content, str) else content
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
