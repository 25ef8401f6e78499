"""A developer tries a mini-app on the phone in a real browser: consent, result, payment, receipt, another citizen."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import chromium
from shimin_sdk.dev import DevServer

APP = Path(__file__).parents[2] / "miniapps" / "social-security"
SHEET = "document.querySelector('#sheet[open]')?.innerText"


@pytest.fixture
def engine() -> str:
    """Run once: no part of it asks which database there is."""
    return "sqlite"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DevServer]:
    """Serve a copy of the social security mini-app."""
    shutil.copytree(APP, tmp_path / "app")
    with DevServer(tmp_path / "app") as opened:
        yield opened


async def choose(page: chromium.Page, name: str, value: str) -> None:
    told = f"document.getElementById('{name}')"
    await page.until(f"[...{told}.options].some((one) => one.value === '{value}')")
    await page.evaluate(f"{told}.value = '{value}', {told}.dispatchEvent(new Event('change'))")


async def tap(page: chromium.Page, choice: str) -> str:
    """Wait for a sheet that offers a choice, take it, and return what the sheet said."""
    button = f"document.querySelector('#sheet[open] [data-choice={choice}]')"
    said = str(await page.until(f"{button} && {SHEET}"))
    await page.evaluate(f"{button}.click()")
    return said


@pytest.mark.skipif(chromium.BROWSER is None, reason="no browser here: the server is proven by HTTP in tests/unit/sdk")
async def test_a_developer_sees_consent_result_payment_receipt_and_another_citizen(
    server: DevServer, tmp_path: Path
) -> None:
    async with chromium.browsing(tmp_path / "browser") as page:
        await page.open(server.url, width=1280, height=960)
        sheet = await tap(page, "grant")
        assert "向您显示养老和医疗保险账户余额" in sheet
        assert "socialInsurance.pension.balance.amountMinor" in sheet
        shown = "document.body.innerText"
        assert await page.until_in_frame(f"{shown}.includes('¥88,123.45') && {shown}.includes('有 2 笔待缴账单')")
        # the page can reach neither the phone around it nor the network
        assert await page.evaluate_in_frame("window.origin") == "null"
        assert await page.evaluate_in_frame("fetch(location.href).then(() => 'reached', () => 'refused')") == "refused"

        await page.evaluate_in_frame("void document.querySelector('.bills button').click()")
        assert "¥360.50" in await tap(page, "paid")
        assert await page.until_in_frame(f"{shown}.includes('有 1 笔待缴账单')")
        await page.until("document.getElementById('unread').textContent === '1'")
        await page.evaluate("document.getElementById('inbox-button').click()")
        receipt = await tap(page, "closed")
        assert ("缴费成功" in receipt, "¥360.50" in receipt) == (True, True)
        panel = await page.evaluate("document.getElementById('calls').innerText")
        assert ("pay_bill" in panel, "KiB" in panel, "socialInsurance.pension.monthsPaid" in panel) == (
            True,
            True,
            True,
        )

        await choose(page, "citizen", "sub_dev_2")
        await tap(page, "grant")
        assert await page.until_in_frame(f"{shown}.includes('¥201,337.80') && !{shown}.includes('¥88,123.45')")
        await choose(page, "locale", "en")
        assert await page.until_in_frame(f"{shown}.includes('301 months paid')")
        assert await page.evaluate("document.getElementById('app-name').textContent") == "Linhai Social Security"
        asked = [url for url in page.requests if not url.startswith((f"http://127.0.0.1:{server.port}/", "about:"))]
        assert asked == []


@pytest.mark.skipif(chromium.BROWSER is None, reason="no browser here: the server is proven by HTTP in tests/unit/sdk")
async def test_broken_code_shows_its_traceback_and_the_phone_recovers(server: DevServer, tmp_path: Path) -> None:
    entry = server.backend.folder / "server" / "app.py"
    good = entry.read_text("utf-8")
    async with chromium.browsing(tmp_path / "browser") as page:
        await page.open(server.url)
        await tap(page, "grant")
        entry.write_text(f"{good}\nraise RuntimeError('mend me')\n", "utf-8")
        said = await page.until("!document.getElementById('problem').hidden && document.body.innerText")
        assert ("mend me" in said, "app.py" in said) == (True, True)
        entry.write_text(good, "utf-8")
        await page.until("document.getElementById('problem').hidden")
        assert await page.until_in_frame("document.body.innerText.includes('88,123.45')")
