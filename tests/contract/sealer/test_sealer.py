"""The contract of a sealer: sealed for one place, by one key, readable nowhere else."""

import stat
from pathlib import Path
from string import ascii_letters, digits

import pytest

from shimin.adapters.file_sealer import FileSealer, SealingKeyUnsafe
from shimin.ports.sealer import SealBroken, Sealer

SECRET, PLACE = b"Bearer of-the-department", "sha256:place"


@pytest.fixture
def sealer(tmp_path: Path) -> FileSealer:
    return FileSealer(tmp_path / "sealing")


@pytest.mark.parametrize("data", [b"", b"a", SECRET, bytes(range(256)) * 8])
def test_what_is_sealed_opens_in_its_place(sealer: Sealer, data: bytes) -> None:
    text = sealer.seal(data, PLACE)
    assert sealer.unseal(text, PLACE) == data
    assert sealer.sealed_by(text) == sealer.key_id
    assert data.decode("latin-1") not in text or len(data) < 2


def test_the_same_secret_is_never_the_same_text(sealer: Sealer) -> None:
    assert len({sealer.seal(SECRET, PLACE) for _ in range(100)}) == 100


def test_a_sealed_text_does_not_open_elsewhere(sealer: Sealer) -> None:
    text = sealer.seal(SECRET, PLACE)
    for place in ("", "sha256:other", PLACE + " ", PLACE.upper()):
        with pytest.raises(SealBroken):
            sealer.unseal(text, place)


def test_one_changed_character_breaks_it(sealer: Sealer) -> None:
    text = sealer.seal(SECRET, PLACE)
    for at in range(len(text)):
        for other in {"A", "B", "Q", "="} - {text[at]}:
            with pytest.raises(SealBroken):
                sealer.unseal(text[:at] + other + text[at + 1 :], PLACE)


def opens(sealer: Sealer, text: str) -> bool:
    try:
        sealer.unseal(text, PLACE)
    except SealBroken:
        return False
    return True


@pytest.mark.parametrize("secret", [b"", b"a", b"ab", b"abc"])
def test_a_sealed_text_has_one_spelling(sealer: Sealer, secret: bytes) -> None:
    """The last character may hold bits that decode to nothing; altered ones are noticed all the same."""
    text = sealer.seal(secret, PLACE)
    body = text.rstrip("=")
    spellings = [body[:-1] + last + text[len(body) :] for last in ascii_letters + digits + "-_"]
    assert [spelling for spelling in spellings if opens(sealer, spelling)] == [text]


@pytest.mark.parametrize("text", ["", "s1", "s1.0001.", "s1.0001.AAAA", "s2.0001." + "A" * 40, "s1.0001." + "A" * 39])
def test_what_is_no_sealed_text_is_refused(sealer: Sealer, text: str) -> None:
    with pytest.raises(SealBroken):
        sealer.unseal(text, PLACE)


def test_a_new_key_seals_and_the_old_one_still_opens(sealer: FileSealer, tmp_path: Path) -> None:
    old, before = sealer.seal(SECRET, PLACE), sealer.key_id
    other = FileSealer(tmp_path / "sealing")
    assert sealer.add_key() > before
    new = sealer.seal(SECRET, PLACE)
    assert (sealer.sealed_by(old), sealer.sealed_by(new)) == (before, sealer.key_id)
    for reader in (sealer, other):  # the other process meets a key that it does not know yet
        assert [reader.unseal(text, PLACE) for text in (old, new)] == [SECRET, SECRET]


def test_a_text_whose_key_is_gone_is_refused(sealer: FileSealer, tmp_path: Path) -> None:
    text = sealer.seal(SECRET, PLACE)
    (tmp_path / "sealing" / "seal-0001.key").unlink()
    with pytest.raises(SealBroken):
        FileSealer(tmp_path / "sealing").unseal(text, PLACE)


def test_keys_belong_to_their_owner_alone(sealer: FileSealer, tmp_path: Path) -> None:
    sealer.add_key()
    files = list((tmp_path / "sealing").glob("seal-*.key"))
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    files[0].chmod(0o640)
    with pytest.raises(SealingKeyUnsafe):
        FileSealer(tmp_path / "sealing")
    files[0].chmod(0o600)
    files[0].write_bytes(b"short")
    with pytest.raises(SealingKeyUnsafe):
        FileSealer(tmp_path / "sealing")
