"""Reading a ZIP archive by our own strict rules: one meaning for every reader, or none.

The archive must be its entries back to back from the first byte, then the directory, then the end record, and
nothing else. Whatever two readers could understand differently is refused with a code of its own.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from shimin_sdk.findings import refuse
from shimin_sdk.pack.names import check_name, check_together

ARCHIVE_BYTES_MAX = 30 * 1024 * 1024
FILE_BYTES_MAX = 2 * 1024 * 1024
TOTAL_BYTES_MAX = 30 * 1024 * 1024
ENTRIES_MAX = 2_000
RATIO_MAX = 200

END = struct.Struct("<4s4H2LH")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
END_MARK, CENTRAL_MARK, LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
ZIP64_MARKS = (b"PK\x06\x06", b"PK\x06\x07")

ENCRYPTED, DESCRIPTOR, UTF8 = 1 << 0, 1 << 3, 1 << 11
KNOWN_FLAGS = 0b110 | UTF8
"""Bits 1 and 2 say how hard the packer tried."""
STRONG_ENCRYPTION = 1 << 6 | 1 << 13
STORED, DEFLATED = 0, 8
ZIP64_EXTRA, EXTRAS_TAKEN = 0x0001, {0x5455, 0x7875, 0x000A}
"""Times and owners, which common packers write and nobody reads."""
SHORT_MAX, LONG_MAX = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True)
class Entry:
    """One entry as the directory describes it."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    time: int
    crc: int
    packed: int
    size: int
    offset: int
    is_folder: bool


@dataclass(frozen=True)
class End:
    """The end record: how many entries, and where the directory is."""

    entries: int
    start: int
    size: int


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by name.

    Args:
        data: at most ``ARCHIVE_BYTES_MAX``.

    Raises:
        PackageError: ``E_ZIP_*``, ``E_NAME_*`` or ``E_SIZE_*``, with the entry named.
    """
    if len(data) > ARCHIVE_BYTES_MAX:
        raise refuse("E_SIZE_ARCHIVE", most=ARCHIVE_BYTES_MAX, found=len(data))
    end = _end(data)
    entries = list(_entries(data, end))
    check_together(entry.name for entry in entries if not entry.is_folder)
    _check_sizes(entries)
    bodies = _bodies(data, entries, end.start)
    return {entry.name: _unpack(entry, body) for entry, body in bodies if not entry.is_folder}


def _end(data: bytes) -> End:
    """Read the end record, which must be the last 22 bytes."""
    at = len(data) - END.size
    if at < 0 or data[at : at + 4] != END_MARK:
        found = data.rfind(END_MARK)
        if found < 0 or found + END.size > len(data):
            raise refuse("E_ZIP_NOT_A_ZIP")
        comment = END.unpack_from(data, found)[7]
        raise refuse("E_ZIP_COMMENT" if found + END.size + comment == len(data) else "E_ZIP_TRAILING")
    _, disk, start_disk, here, total, size, start, comment = END.unpack_from(data, at)
    if comment:
        raise refuse("E_ZIP_TRUNCATED")
    if SHORT_MAX in {disk, here, total} or LONG_MAX in {size, start} or data[at - 20 : at - 16] in ZIP64_MARKS:
        raise refuse("E_ZIP_ZIP64")
    if disk or start_disk or here != total:
        raise refuse("E_ZIP_SPANNED")
    if total > ENTRIES_MAX:
        raise refuse("E_SIZE_ENTRIES", most=ENTRIES_MAX, found=total)
    if start + size != at:
        if start + size > at:
            raise refuse("E_ZIP_DIRECTORY")
        _refuse_space(data[:at], "", first=data[start : start + 4] not in {CENTRAL_MARK, END_MARK})
    return End(total, start, size)


def _entries(data: bytes, end: End) -> Iterator[Entry]:
    """Read the directory: exactly as many entries as announced, filling it exactly."""
    at, limit = end.start, end.start + end.size
    for _ in range(end.entries):
        if at + CENTRAL.size > limit or data[at : at + 4] != CENTRAL_MARK:
            raise refuse("E_ZIP_DIRECTORY")
        fields = CENTRAL.unpack_from(data, at)
        names, extras, comment = fields[10:13]
        at += CENTRAL.size
        if at + names + extras + comment > limit:
            raise refuse("E_ZIP_DIRECTORY")
        yield _entry(fields, data[at : at + names], data[at + names : at + names + extras])
        at += names + extras + comment
    if at != limit:
        raise refuse("E_ZIP_DIRECTORY")


def _entry(fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> Entry:
    _, _, needed, flags, method, time, date, crc, packed, size, _, _, comment, disk, _, mode, offset = fields
    name = _name(raw_name, flags)
    if LONG_MAX in {packed, size, offset} or disk == SHORT_MAX or needed > 20:  # noqa: PLR2004 - 2.0: deflate and folders
        raise refuse("E_ZIP_ZIP64", name)
    if flags & (ENCRYPTED | STRONG_ENCRYPTION):
        raise refuse("E_ZIP_ENCRYPTED", name)
    if flags & DESCRIPTOR:
        raise refuse("E_ZIP_DESCRIPTOR", name)
    if flags & ~KNOWN_FLAGS:
        raise refuse("E_ZIP_FLAGS", name, flags=flags)
    if method not in {STORED, DEFLATED}:
        raise refuse("E_ZIP_METHOD", name, method=method)
    if disk:
        raise refuse("E_ZIP_SPANNED", name)
    if comment:
        raise refuse("E_ZIP_COMMENT", name)
    _check_extra(extra, name)
    is_folder = name.endswith("/")
    _check_kind(mode >> 16, name, is_folder=is_folder)
    if is_folder and (size or packed):
        raise refuse("E_ZIP_FOLDER_DATA", name)
    check_name(name.removesuffix("/") if is_folder else name)
    return Entry(name, raw_name, flags, method, time | date << 16, crc, packed, size, offset, is_folder)


def _name(raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & UTF8 else "ascii")
    except UnicodeDecodeError:
        raise refuse("E_NAME_ENCODING", raw[:80].decode("ascii", "backslashreplace")) from None
    if "\0" in name:
        raise refuse("E_NAME_CONTROL", name.replace("\0", "\\0"), character="U+0000")
    return name


def _check_extra(extra: bytes, name: str) -> None:
    at = 0
    while at < len(extra):
        if at + 4 > len(extra):
            raise refuse("E_ZIP_EXTRA", name, kind="?")
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == ZIP64_EXTRA:
            raise refuse("E_ZIP_ZIP64", name)
        at += 4 + size
        if kind not in EXTRAS_TAKEN or at > len(extra):
            raise refuse("E_ZIP_EXTRA", name, kind=f"0x{kind:04x}")


def _check_kind(mode: int, name: str, *, is_folder: bool) -> None:
    """Accept plain files and folders; the mode counts whatever system claims to have written it."""
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFLNK:
        raise refuse("E_ZIP_SYMLINK", name)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise refuse("E_ZIP_DEVICE", name)
    if kind and (kind == stat.S_IFDIR) != is_folder:
        raise refuse("E_ZIP_KIND", name)


def _check_sizes(entries: list[Entry]) -> None:
    for entry in entries:
        if entry.size > FILE_BYTES_MAX:
            raise refuse("E_SIZE_FILE", entry.name, most=FILE_BYTES_MAX, found=entry.size)
        if entry.size > RATIO_MAX * max(entry.packed, 1):
            raise refuse("E_SIZE_RATIO", entry.name, most=RATIO_MAX)
    total = sum(entry.size for entry in entries)
    if total > TOTAL_BYTES_MAX:
        raise refuse("E_SIZE_TOTAL", most=TOTAL_BYTES_MAX, found=total)


def _bodies(data: bytes, entries: list[Entry], directory: int) -> Iterator[tuple[Entry, bytes]]:
    """Walk the entries in the order they lie in: back to back, each saying what the directory says."""
    at = 0
    for entry in sorted(entries, key=lambda item: item.offset):
        if entry.offset < at:
            raise refuse("E_ZIP_OVERLAP", entry.name)
        if entry.offset > at:
            _refuse_space(data[at : entry.offset], entry.name, first=at == 0)
        start = entry.offset + LOCAL.size
        if start > directory or data[entry.offset : entry.offset + 4] != LOCAL_MARK:
            raise refuse("E_ZIP_LOCAL", entry.name)
        fields = LOCAL.unpack_from(data, entry.offset)
        start += fields[9] + fields[10]
        _check_local(entry, fields, data[entry.offset + LOCAL.size : start])
        at = start + entry.packed
        if at > directory:
            raise refuse("E_ZIP_OVERLAP", entry.name)
        yield entry, data[start:at]
    if at != directory:
        _refuse_space(data[at:directory], "", first=at == 0)


def _refuse_space(space: bytes, name: str, *, first: bool) -> None:
    if END_MARK in space:
        raise refuse("E_ZIP_TWO_ENDS", name)
    raise refuse("E_ZIP_PREFIX" if first else "E_ZIP_GAP", name)


def _check_local(entry: Entry, fields: tuple[int, ...], rest: bytes) -> None:
    _, _, flags, method, time, date, crc, packed, size, names, _ = fields
    said = (flags, method, time | date << 16, crc, packed, size, rest[:names])
    if said != (entry.flags, entry.method, entry.time, entry.crc, entry.packed, entry.size, entry.raw_name):
        raise refuse("E_ZIP_LOCAL_DIFFERS", entry.name)
    _check_extra(rest[names:], entry.name)


def _unpack(entry: Entry, body: bytes) -> bytes:
    if entry.method == STORED:
        found = body
    else:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            found = stream.decompress(body, entry.size + 1)
        except zlib.error:
            raise refuse("E_ZIP_DEFLATE", entry.name) from None
        if len(found) <= entry.size and not stream.eof:
            raise refuse("E_ZIP_DEFLATE", entry.name)
        if stream.unused_data:
            raise refuse("E_ZIP_DEFLATE_TAIL", entry.name)
    if len(found) != entry.size:
        raise refuse("E_SIZE_DECLARED", entry.name, declared=entry.size)
    if zlib.crc32(found) != entry.crc:
        raise refuse("E_ZIP_CRC", entry.name)
    return found
