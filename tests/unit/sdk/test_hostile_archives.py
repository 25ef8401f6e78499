"""Every rule of the package reader refuses an archive made to break it, with its own code and the entry's name."""

import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from shimin_sdk.findings import PackageError, catalogue
from shimin_sdk.pack import from_folder, pack, read
from shimin_sdk.pack.archive import FILE_BYTES_MAX

APP = Path(__file__).parents[3] / "miniapps" / "social-security"
BODY = b"body { color: #222 }"


@dataclass
class Part:
    """One entry of an archive under construction; every field of both headers can be made to lie."""

    name: str | bytes = "common/a.css"
    data: bytes = BODY
    method: int = 0
    flags: int = 0
    mode: int = 0o100644
    extra: bytes = b""
    comment: bytes = b""
    packed: bytes | None = None
    central: dict[str, Any] = field(default_factory=dict)
    local: dict[str, Any] = field(default_factory=dict)

    def headers(self) -> tuple[dict[str, Any], bytes]:
        """Return what both headers say unless told otherwise, and the packed data."""
        raw = self.name if isinstance(self.name, bytes) else self.name.encode()
        body = self.packed
        if body is None:
            squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
            body = squeeze.compress(self.data) + squeeze.flush() if self.method == 8 else self.data
        flags = self.flags | (0 if raw.isascii() or isinstance(self.name, bytes) else 1 << 11)
        said = {"flags": flags, "method": self.method, "crc": zlib.crc32(self.data), "packed": len(body)}
        return {**said, "size": len(self.data), "name": raw, "extra": self.extra, "needed": 20}, body


def build(*parts: Part, **lies: Any) -> bytes:
    """Return an archive: honest, unless a part or the keyword arguments say otherwise."""
    body, directory = bytearray(lies.get("prefix", b"")), bytearray()
    shift = 0 if lies.get("corrected", True) else len(body)
    for part in parts:
        said, packed = part.headers()
        here, there = {**said, **part.local}, {**said, **part.central}
        offset = part.central.get("offset", len(body) - shift)
        body += struct.pack("<4s5H3L2H", b"PK\3\4", here["needed"], here["flags"], here["method"], 0, 33, here["crc"],
                            here["packed"], here["size"], len(here["name"]), len(here["extra"]))  # fmt: skip
        body += here["name"] + here["extra"] + packed + part.local.get("gap", b"")
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 3 << 8 | 20, there["needed"], there["flags"],
                                 there["method"], 0, 33, there["crc"], there["packed"], there["size"],
                                 len(there["name"]), len(there["extra"]), len(part.comment),
                                 there.get("disk", 0), 0, part.mode << 16, offset)  # fmt: skip
        directory += there["name"] + there["extra"] + part.comment
    count = lies.get("count", len(parts))
    here_count = lies.get("here", count)
    size = lies.get("directory_size", len(directory))
    start = lies.get("start", len(body) - shift)
    end = struct.pack("<4s4H2LH", b"PK\5\6", lies.get("disk", 0), 0, here_count, count, size, start,
                      lies.get("comment_size", 0))  # fmt: skip
    tail: bytes = lies.get("tail", b"")
    return bytes(body + directory + lies.get("before_end", b"") + end + tail)


def app_with(*parts: Part, without: str = "") -> bytes:
    """Return the sample mini-app's archive with more entries."""
    files = from_folder(APP).files
    return build(*[Part(name, data) for name, data in files.items() if name != without], *parts)


def app_manifest(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the sample mini-app's archive with its manifest changed."""
    manifest = json.loads((APP / "manifest.json").read_bytes())
    change(manifest)
    return app_text(json.dumps(manifest))


def app_text(text: str | bytes, name: str = "manifest.json") -> bytes:
    """Return the sample mini-app's archive with one file replaced by a text."""
    return app_with(Part(name, text if isinstance(text, bytes) else text.encode()), without=name)


def second_archive() -> bytes:
    return build(Part("common/evil.css"))


def overlapping() -> bytes:
    """Two directory entries share one local entry's bytes (a bomb that needs no ratio)."""
    first = Part("common/a.css")
    return build(first, replace(first, central={"offset": 0}))


def quoted() -> bytes:
    """One entry's data reaches into the next entry."""
    inner = build(Part("common/b.css"))[: 30 + 12 + len(BODY)]
    outer = Part("common/a.css", inner)
    hidden = Part("common/b.css", central={"offset": 30 + 12})
    return build(outer, hidden)


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def zero_bomb() -> Part:
    return Part("common/a.css", b"\0" * 1_000_000, method=8)


ZIP: list[tuple[str, Callable[[], bytes]]] = [
    ("E_ZIP_NOT_A_ZIP", lambda: b""),
    ("E_ZIP_NOT_A_ZIP", lambda: b"GIF89a" * 100),
    ("E_ZIP_PREFIX", lambda: build(Part(), prefix=b"#!/bin/sh\n")),
    ("E_ZIP_PREFIX", lambda: build(Part(), prefix=b"#!/bin/sh\n", corrected=False)),
    ("E_ZIP_TRAILING", lambda: build(Part(), tail=b"more")),
    ("E_ZIP_COMMENT", lambda: build(Part(), tail=b"hello", comment_size=5)),
    ("E_ZIP_COMMENT", lambda: build(Part(comment=b"hello"))),
    ("E_ZIP_TRUNCATED", lambda: build(Part(), comment_size=9)),
    ("E_ZIP_TWO_ENDS", lambda: build(Part()) + second_archive()),
    ("E_ZIP_TWO_ENDS", lambda: build(Part(), before_end=build()[-22:])),
    ("E_ZIP_TWO_ENDS", lambda: build(Part(local={"gap": build()[-22:]}), Part("common/b.css"))),
    ("E_ZIP_ZIP64", lambda: build(Part(), count=0xFFFF)),
    ("E_ZIP_ZIP64", lambda: build(Part(extra=struct.pack("<2HQ", 1, 8, 5)))),
    ("E_ZIP_ZIP64", lambda: build(Part(central={"needed": 45}))),
    ("E_ZIP_ZIP64", lambda: build(Part(central={"size": 0xFFFFFFFF}))),
    ("E_ZIP_ZIP64", lambda: build(Part(), before_end=struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1))),
    ("E_ZIP_SPANNED", lambda: build(Part(), disk=1)),
    ("E_ZIP_SPANNED", lambda: build(Part(), here=0)),
    ("E_ZIP_SPANNED", lambda: build(Part(central={"disk": 2}))),
    ("E_ZIP_DIRECTORY", lambda: build(Part(), count=2)),
    ("E_ZIP_DIRECTORY", lambda: build(Part(), Part("common/b.css"), count=1)),
    ("E_ZIP_DIRECTORY", lambda: build(Part(), start=1 << 20)),
    ("E_ZIP_LOCAL", lambda: build(Part(), Part("common/b.css", b"PK\3\5" * 20, local={"needed": 20}))
        .replace(b"PK\3\4\x14\0\0\0\0\0\0\0\x21", b"XX\3\4\x14\0\0\0\0\0\0\0\x21", 1)),
    ("E_ZIP_LOCAL_DIFFERS", lambda: build(Part(local={"name": b"common/b.css"}))),
    ("E_ZIP_LOCAL_DIFFERS", lambda: build(Part(local={"size": 3}))),
    ("E_ZIP_LOCAL_DIFFERS", lambda: build(Part(local={"method": 8}))),
    ("E_ZIP_LOCAL_DIFFERS", lambda: build(Part(local={"crc": 1}))),
    ("E_ZIP_LOCAL_DIFFERS", lambda: build(Part(local={"flags": 2}))),
    ("E_ZIP_OVERLAP", lambda: build(Part(), Part("common/b.css", central={"offset": 5}))),
    ("E_ZIP_OVERLAP", quoted),
    ("E_ZIP_GAP", lambda: build(Part(local={"gap": b"hidden"}), Part("common/b.css"))),
    ("E_ZIP_GAP", lambda: build(Part(local={"gap": b"hidden"}))),
    ("E_ZIP_GAP", lambda: build(Part(), before_end=b"hidden")),
    ("E_ZIP_ENCRYPTED", lambda: build(Part(flags=1))),
    ("E_ZIP_ENCRYPTED", lambda: build(Part(flags=1 << 6))),
    ("E_ZIP_DESCRIPTOR", lambda: build(Part(flags=1 << 3))),
    ("E_ZIP_FLAGS", lambda: build(Part(flags=1 << 5))),
    ("E_ZIP_METHOD", lambda: build(Part(method=12, packed=b"BZh9"))),
    ("E_ZIP_METHOD", lambda: build(Part(method=9))),
    ("E_ZIP_EXTRA", lambda: build(Part(extra=struct.pack("<2H", 0x7075, 5) + b"other"))),
    ("E_ZIP_EXTRA", lambda: build(Part(extra=b"\x55\x54\xff"))),
    ("E_ZIP_EXTRA", lambda: build(Part(local={"extra": struct.pack("<2H", 0x7075, 1) + b"x"}))),
    ("E_ZIP_SYMLINK", lambda: build(Part(data=b"/etc/passwd", mode=0o120777))),
    ("E_ZIP_DEVICE", lambda: build(Part(mode=0o020666))),
    ("E_ZIP_DEVICE", lambda: build(Part(mode=0o010644))),
    ("E_ZIP_KIND", lambda: build(Part(mode=0o040755))),
    ("E_ZIP_KIND", lambda: build(Part("common/", b"", mode=0o100644))),
    ("E_ZIP_FOLDER_DATA", lambda: build(Part("common/", b"x", mode=0o040755))),
    ("E_ZIP_DEFLATE", lambda: build(Part(method=8, packed=b"\xff\xff\xff"))),
    ("E_ZIP_DEFLATE", lambda: build(replace(cut := Part(method=8), packed=cut.headers()[1][:-3]))),
    ("E_ZIP_DEFLATE_TAIL", lambda: build(replace(whole := Part(method=8), packed=whole.headers()[1] + b"tail"))),
    ("E_ZIP_CRC", lambda: build(Part(central={"crc": 7}, local={"crc": 7}))),
]  # fmt: skip

NAMES: list[tuple[str, str | bytes]] = [
    ("E_NAME_EMPTY", ""),
    ("E_NAME_EMPTY", "common//a.css"),
    ("E_NAME_ABSOLUTE", "/etc/passwd"),
    ("E_NAME_ABSOLUTE", "C:/a.css"),
    ("E_NAME_BACKSLASH", "common\\a.css"),
    ("E_NAME_BACKSLASH", "..\\..\\a.css"),
    ("E_NAME_CLIMBS", "../a.css"),
    ("E_NAME_CLIMBS", "common/../../a.css"),
    ("E_NAME_CLIMBS", "common/./a.css"),
    ("E_NAME_DOTFILE", "common/.htaccess"),
    ("E_NAME_EDGE", "common/a.css "),
    ("E_NAME_EDGE", "common./a.css"),
    ("E_NAME_LONG", f"common/{'a' * 300}.css"),
    ("E_NAME_LONG", "common/" + "abcdefghi/" * 60 + "a.css"),
    ("E_NAME_RESERVED", "common/CON.css"),
    ("E_NAME_RESERVED", "common/lpt1"),
    ("E_NAME_CONTROL", "common/a\n.css"),
    ("E_NAME_CONTROL", "common/a\x00.css"),
    ("E_NAME_CONTROL", "common/a\x7f.css"),
    ("E_NAME_CONTROL", "common/a\u2028.css"),
    ("E_NAME_BIDI", "common/a\u202esc.exe.css"),
    ("E_NAME_BIDI", "common/a\u2066.css"),
    ("E_NAME_BIDI", "common/a\u200f.css"),
    ("E_NAME_HIDDEN", "common/a\u200b.css"),
    ("E_NAME_HIDDEN", "common/\ufeffa.css"),
    ("E_NAME_PRIVATE", "common/\ue000.css"),
    ("E_NAME_PRIVATE", "common/\U000fffff.css"),
    ("E_NAME_PRIVATE", "common/\u0378.css"),
    ("E_NAME_CHARACTER", "common/a:b.css"),
    ("E_NAME_CHARACTER", "common/a?.css"),
    ("E_NAME_NOT_NFC", "common/e\u0301.css"),
    ("E_NAME_ENCODING", b"common/\xff.css"),
    ("E_NAME_ENCODING", "common/中.css".encode("gb18030")),
    ("E_NAME_PLACE", "common/a.exe"),
    ("E_NAME_PLACE", "server/native.so"),
    ("E_NAME_PLACE", "evil.js"),
    ("E_NAME_PLACE", "tests/test_a.py"),
]

SIDE_BY_SIDE = [
    ("E_NAME_DUPLICATE", "common/a.css", "common/a.css"),
    ("E_NAME_DUPLICATE", "common/a.css", "common/A.css"),
    ("E_NAME_DUPLICATE", "common/straße.css", "common/STRASSE.css"),
    ("E_NAME_DUPLICATE", "common/ﬁ.css", "common/fi.css"),
    ("E_NAME_DUPLICATE", "common/x/a.css", "common/X/b.css"),
    ("E_NAME_FILE_AND_FOLDER", "common/a.css", "common/a.css/b.css"),
]

SIZES: list[tuple[str, Callable[[], bytes]]] = [
    ("E_SIZE_ARCHIVE", lambda: b"\0" * (30 * 1024 * 1024 + 1)),
    ("E_SIZE_ENTRIES", lambda: build(*[Part(f"common/{n}.css", b"") for n in range(2_001)])),
    ("E_SIZE_FILE", lambda: build(Part(data=b"\0\7" * (FILE_BYTES_MAX // 2 + 1)))),
    ("E_SIZE_TOTAL", lambda: build(*[Part(f"common/{n}.css", b"a" * 15_000 + bytes([n % 251]) * 2_000_000, method=8,
        central={"packed": 2_015_000 // 200 + 1}) for n in range(16)])),
    ("E_SIZE_RATIO", lambda: build(zero_bomb())),
    ("E_SIZE_DECLARED", lambda: build(Part(method=8, central={"size": 3}, local={"size": 3}))),
    ("E_SIZE_DECLARED", lambda: build(Part(method=8, central={"size": 99}, local={"size": 99}))),
    ("E_SIZE_DECLARED", lambda: build(Part(central={"size": 99}, local={"size": 99}))),
]  # fmt: skip

MANIFESTS: list[tuple[str, Callable[[], bytes]]] = [
    ("E_MANIFEST_ABSENT", lambda: app_with(without="manifest.json")),
    ("E_MANIFEST_ENCODING", lambda: app_text(b"\xef\xbb\xbf{}")),
    ("E_MANIFEST_ENCODING", lambda: app_text('{"name": "社保"}'.encode("gb18030"))),
    ("E_MANIFEST_SYNTAX", lambda: app_text("{'name': 1}")),
    ("E_MANIFEST_SYNTAX", lambda: app_text("")),
    ("E_MANIFEST_DUPLICATE_KEY", lambda: app_text('{"app_id": "a", "app_id": "b"}')),
    ("E_MANIFEST_NUMBER", lambda: app_text('{"version": {"code": NaN}}')),
    ("E_MANIFEST_NUMBER", lambda: app_text('{"version": {"code": 1e999}}')),
    ("E_MANIFEST_DEPTH", lambda: app_text(nested(33))),
    ("E_MANIFEST_DEPTH", lambda: app_text(nested(30_000))),
    ("E_MANIFEST_BIG", lambda: app_text('{"name": "' + "a" * 300_000 + '"}')),
    ("E_MANIFEST_TEXT", lambda: app_text('{"name": "\\ud800"}')),
    ("E_MANIFEST_MISSING", lambda: app_manifest(lambda m: m.pop("app_id"))),
    ("E_MANIFEST_MISSING", lambda: app_manifest(lambda m: m["shimin"]["operations"].pop("required"))),
    ("E_MANIFEST_UNKNOWN", lambda: app_manifest(lambda m: m.update(scopes=["everything"]))),
    ("E_MANIFEST_FIELD", lambda: app_manifest(lambda m: m.update(app_id="Linhai.HRSS.Social"))),
    ("E_MANIFEST_FIELD", lambda: app_manifest(lambda m: m["version"].update(code=True))),
    ("E_MANIFEST_FIELD", lambda: app_manifest(lambda m: m["version"].update(code="1"))),
    ("E_MANIFEST_FIELD", lambda: app_manifest(lambda m: m["version"].update(name="1.0\n"))),
    ("E_MANIFEST_FIELD", lambda: app_manifest(lambda m: m.update(pages=["../secret"]))),
    ("E_MANIFEST_FIELD", lambda: app_manifest(lambda m: m["shimin"]["server"].update(entry="server/../x.py"))),
    ("E_MANIFEST_FIELD", lambda: app_manifest(lambda m: m.update(name="evil\u202egnp"))),
    ("E_MANIFEST_FIELD", lambda: app_text("[]")),
    ("E_JSON_ENCODING", lambda: app_text(b"\xff\xfe", "i18n/en.json")),
    ("E_JSON_SYNTAX", lambda: app_text("{,}", "i18n/en.json")),
    ("E_JSON_DUPLICATE_KEY", lambda: app_text('{"a": "1", "a": "2"}', "i18n/en.json")),
    ("E_JSON_NUMBER", lambda: app_text('{"a": Infinity}', "forms/pay.json")),
    ("E_JSON_DEPTH", lambda: app_text(nested(40), "forms/pay.json")),
    ("E_JSON_BIG", lambda: app_text(" " * 300_000, "forms/pay.json")),
    ("E_JSON_TEXT", lambda: app_text('{"a": "\\udfff"}', "i18n/en.json")),
    ("E_JSON_SHAPE", lambda: app_text("[]", "i18n/en.json")),
]

WITHOUT_ENTRY = {"E_ZIP_NOT_A_ZIP", "E_ZIP_TRAILING", "E_ZIP_TRUNCATED", "E_ZIP_DIRECTORY", "E_SIZE_ARCHIVE",
                 "E_SIZE_ENTRIES", "E_SIZE_TOTAL", "E_MANIFEST_ABSENT"}  # fmt: skip


def numbered(cases: list[tuple[str, Callable[[], bytes]]]) -> list[Any]:
    return [pytest.param(code, make, id=f"{code}-{at}") for at, (code, make) in enumerate(cases)]


@pytest.mark.parametrize(("code", "make"), numbered([*ZIP, *SIZES, *MANIFESTS]))
def test_an_archive_that_breaks_a_rule_is_refused_by_that_rule(code: str, make: Callable[[], bytes]) -> None:
    with pytest.raises(PackageError) as refused:
        read(make())
    assert refused.value.code == code


@pytest.mark.parametrize(("code", "name"), NAMES)
def test_a_name_that_breaks_a_rule_is_refused_by_that_rule(code: str, name: str | bytes) -> None:
    with pytest.raises(PackageError) as refused:
        read(app_with(Part(name)))
    assert refused.value.code == code


@pytest.mark.parametrize(("code", "first", "second"), SIDE_BY_SIDE)
def test_names_that_meet_on_some_file_system_are_refused(code: str, first: str, second: str) -> None:
    with pytest.raises(PackageError) as refused:
        read(app_with(Part(first), Part(second)))
    assert refused.value.code == code


def test_one_body_with_two_directory_entries_is_refused() -> None:
    with pytest.raises(PackageError) as refused:
        read(overlapping())
    assert refused.value.code == "E_NAME_DUPLICATE"


def test_a_refusal_about_an_entry_names_it() -> None:
    """Only what concerns the archive as a whole comes without a name."""
    for code, make in ZIP:
        with pytest.raises(PackageError) as refused:
            read(make())
        finding = refused.value.findings[0]
        if finding.code in {
            "E_ZIP_PREFIX",
            "E_ZIP_GAP",
            "E_ZIP_TWO_ENDS",
            "E_ZIP_COMMENT",
            "E_ZIP_ZIP64",
            "E_ZIP_SPANNED",
        }:
            continue
        assert bool(finding.file) is (code not in WITHOUT_ENTRY), code


def test_each_code_of_the_reader_has_an_archive_that_provokes_it() -> None:
    """A rule without a hostile archive is a rule nobody has seen at work."""
    provoked = {code for code, *_ in [*ZIP, *SIZES, *MANIFESTS, *NAMES, *SIDE_BY_SIDE]}
    families = re.compile(r"E_(ZIP|NAME|SIZE|MANIFEST|JSON)_")
    known = {code for code in catalogue() if families.match(code)} - {"E_MANIFEST_FILE"}
    assert known == provoked
    assert len(ZIP) + len(SIZES) + len(MANIFESTS) + len(NAMES) + len(SIDE_BY_SIDE) >= 40


def test_an_honest_archive_of_any_packer_is_read_and_has_the_same_digest() -> None:
    """Order, compression and times do not matter: the canonical form does."""
    files = from_folder(APP).files
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in reversed(list(files.items())):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), data, zipfile.ZIP_DEFLATED)
    canonical = pack(APP)
    assert read(buffer.getvalue()).digest == read(canonical).digest
    assert read(canonical).archive == canonical
    assert read(canonical).files == files


def test_what_is_packed_python_reads_too() -> None:
    with zipfile.ZipFile(io.BytesIO(pack(APP))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(archive.namelist())


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_archive_is_read_the_same_or_refused_never_otherwise(seed: int) -> None:
    """Flip single bytes anywhere: no other exception, and no other content."""
    good = pack(APP)
    files = read(good).files
    dice = random.Random(seed)  # noqa: S311 - chance, not a secret
    for _ in range(200):
        bad = bytearray(good)
        bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        try:
            found = read(bytes(bad)).files
        except PackageError:
            continue
        assert found == files


@pytest.mark.parametrize("seed", range(2))
def test_a_cut_archive_is_refused(seed: int) -> None:
    good = pack(APP)
    dice = random.Random(seed)  # noqa: S311 - chance, not a secret
    for _ in range(50):
        with pytest.raises(PackageError):
            read(good[: dice.randrange(len(good))])
