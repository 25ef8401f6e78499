"""Writing the canonical archive: the same files always give the same bytes, so a digest names the content.

Sorted by name, no times, every entry stored: compressed bytes would depend on the compressor's version.
"""

import zlib
from collections.abc import Mapping

from shimin_sdk.pack.archive import (
    CENTRAL,
    CENTRAL_MARK,
    END,
    END_MARK,
    LOCAL,
    LOCAL_MARK,
    STORED,
    UTF8,
)

DATE = 1 << 5 | 1
"""1980-01-01, the first day that ZIP knows."""
VERSION, MADE_BY = 20, 3 << 8 | 20
MODE = 0o100644 << 16


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """Return the canonical ZIP archive of some files."""
    body, directory = bytearray(), bytearray()
    for name, data in sorted(files.items(), key=lambda item: item[0].encode()):
        raw = name.encode()
        flags = 0 if raw.isascii() else UTF8
        common = (flags, STORED, 0, DATE, zlib.crc32(data), len(data), len(data), len(raw), 0)
        directory += CENTRAL.pack(CENTRAL_MARK, MADE_BY, VERSION, *common, 0, 0, 0, MODE, len(body)) + raw
        body += LOCAL.pack(LOCAL_MARK, VERSION, *common) + raw + data
    count = len(files)
    return bytes(body + directory + END.pack(END_MARK, 0, 0, count, count, len(directory), len(body), 0))
