"""The development inbox: visible to every process of one machine, impossible in production."""

from pathlib import Path

import pytest

from shimin.adapters.dev_notifier import FILE_BYTES_MAX, DevelopmentNotifier, DevelopmentOnly
from shimin.db import Database
from shimin.kit.held import UnitHeldDuringIo
from shimin.ports.notify import Notice


def notice(number: int) -> Notice:
    return Notice(phone=f"+861990000{number:04}", template="sign_in_code", body=f"验证码 {number:06}\n第二行")


async def test_it_refuses_to_exist_in_production(tmp_path: Path) -> None:
    with pytest.raises(DevelopmentOnly):
        DevelopmentNotifier(mode="production", folder=tmp_path)


async def test_a_text_is_printed_and_seen_by_other_processes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = DevelopmentNotifier(mode="development", folder=tmp_path / "data")
    worker = DevelopmentNotifier(mode="development", folder=tmp_path / "data")
    assert server.notices() == []
    await worker.send(notice(7))
    assert "[DEVELOPMENT INBOX] +8619900000007 sign_in_code: 验证码 000007" in capsys.readouterr().err
    (seen,) = server.notices()
    assert (seen.phone, seen.body) == ("+8619900000007", "验证码 000007\n第二行")
    assert (tmp_path / "data" / "dev-inbox.jsonl").stat().st_mode & 0o777 == 0o600


async def test_it_keeps_the_last_hundred_in_bounded_space(tmp_path: Path) -> None:
    inbox = DevelopmentNotifier(mode="development", folder=tmp_path)
    for number in range(150):
        await inbox.send(Notice(phone="+8619900000000", template="x", body=f"{number} {'长' * 1000}"))
    assert [seen.body.partition(" ")[0] for seen in inbox.notices()] == [str(number) for number in range(50, 150)]
    assert (tmp_path / "dev-inbox.jsonl").stat().st_size < FILE_BYTES_MAX + 100 * 3200


async def test_it_may_not_be_used_inside_a_unit(tmp_path: Path, db: Database) -> None:
    inbox = DevelopmentNotifier(mode="development", folder=tmp_path)
    async with db.unit():
        with pytest.raises(UnitHeldDuringIo):
            await inbox.send(notice(1))
    assert inbox.notices() == []
