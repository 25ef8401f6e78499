"""Rule: no secret lies in a package; a mini-app has no use for one."""

import re
from collections.abc import Iterator

from shimin_sdk.findings import Finding
from shimin_sdk.pack.package import Package
from shimin_sdk.rules.sources import places, texts_of

_KINDS = (
    ("private key", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")),
    ("access key", re.compile(r"\b(?:AKIA|LTAI|AKID)[0-9A-Za-z]{12,64}\b")),
    ("token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,100}\.[A-Za-z0-9_-]{10}")),
    (
        "password",
        re.compile(
            r"""(?i)\b[\w-]{0,40}(?:password|passwd|secret|api_?key|access_?token)["']?\s*[:=]\s*["'][^"'\s{}]{8,}["']"""
        ),
    ),
)


def nothing_secret(package: Package) -> Iterator[Finding]:
    """Find what has the shape of a key, a token or a password; the finding never repeats it."""
    for name, text in texts_of(package, ".py", ".js", ".html", ".json", ".graphql", ".css", ".svg"):
        if name.startswith("i18n/"):
            continue
        for kind, pattern in _KINDS:
            for line, _ in places(pattern, text):
                yield Finding("E_CODE_SECRET", name, line, {"kind": kind})
