"""Finding a service: the command line imports guides, a phone navigates, searches and opens one, in two languages."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shimin.assembly import Platform
from shimin.config import Settings
from shimin.db import Database
from shimin.demo.guides import SOCIAL_SECURITY_APP
from shimin.kit.call import ANONYMOUS, Call
from shimin_graphql.context import Context
from shimin_graphql.edge import SchemaEdge, make_edge

SAMPLE = Path(str(resources.files("shimin.demo") / "guides" / "linhai.jsonl"))
CODES = [json.loads(line)["TASK_CODE"] for line in SAMPLE.read_text("utf-8").splitlines()]
CHINESE, ENGLISH = Call(actor=ANONYMOUS), Call(actor=ANONYMOUS, locale="en")
Command = Callable[..., subprocess.CompletedProcess[str]]


class Phone:
    """The mobile client: it runs its trusted documents and nothing else."""

    def __init__(self, db: Database) -> None:
        self.edge: SchemaEdge = make_edge(Settings())
        self.platform = cast("Platform", SimpleNamespace(db=db))

    async def answer(self, call: Call, name: str, **variables: Any) -> Any:
        text = (resources.files("shimin_graphql") / "operations" / f"{name}.graphql").read_text("utf-8")
        return await self.edge.engine.run(self.edge.documents.compile(text), variables, Context(call, self.platform))

    async def data(self, call: Call, name: str, **variables: Any) -> Any:
        answer = await self.answer(call, name, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def refused(self, name: str, **variables: Any) -> tuple[str, Any]:
        answer = await self.answer(CHINESE, name, **variables)
        assert answer.get("data") is None or all(value is None for value in answer["data"].values())
        return answer["errors"][0]["extensions"]["code"], answer["errors"][0]["message"]


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    """Give what runs ``shimin import-guides`` on the test's database, as an operator would."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SHIMIN_")}
        environment = {**clean, "SHIMIN_DATABASE_URL": database_url, "LANG": "en_GB.UTF-8", "COLUMNS": "160"}
        return subprocess.run(
            [sys.executable, "-m", "shimin", "import-guides", *arguments],
            check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


@pytest.fixture
def phone(db: Database, command: Command) -> Phone:
    """Give a phone in a city whose guides an operator imported."""
    done = command(str(SAMPLE), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["added"], report["problems"]) == (report["lines"], 0)
    return Phone(db)


async def test_a_citizen_finds_a_service_by_words_and_opens_its_mini_app(phone: Phone) -> None:
    page = (await phone.data(CHINESE, "search_guides", query="ｓｈｅ 社保", first=10))["guides"]
    assert page["matching"] == "ANY_WORD"
    page = (await phone.data(CHINESE, "search_guides", query="社保", first=10))["guides"]
    first = page["edges"][0]
    assert first["node"]["miniAppId"] == SOCIAL_SECURITY_APP
    assert [segment["text"] for segment in first["title"] if segment["hit"]] == ["社保"]
    assert "".join(segment["text"] for segment in first["title"]) == first["node"]["title"]
    assert page["counts"]["total"] >= len(page["edges"]) > 1
    guide = (await phone.data(CHINESE, "guide", code=first["node"]["code"]))["guide"]
    assert guide["promisedLimit"] == {"days": 1, "kind": "WORKING"}
    assert guide["materials"] == ["居民身份证"]
    assert guide["consultPhones"] == {"numbers": ["0500-5550101"], "note": None}
    assert (guide["fee"], guide["visits"], guide["courier"]) == ("不收费", 0, True)
    assert guide["appointment"] == {"online": False, "url": None}
    assert guide["conditions"]
    assert guide["place"]


async def test_an_english_speaker_finds_and_reads_the_same_guide_in_english(phone: Phone) -> None:
    page = (await phone.data(ENGLISH, "search_guides", query="passport", first=5))["guides"]
    node = page["edges"][0]["node"]
    assert (node["title"], node["department"]) == ("Applying for a passport", "Linhai Exit and Entry Administration")
    guide = (await phone.data(ENGLISH, "guide", code=node["code"]))["guide"]
    assert guide["kind"] == {"value": "行政许可", "label": "Administrative licence"}
    assert guide["groups"] == [{"value": "自然人", "label": "Individuals"}]
    assert guide["themes"] == [{"value": "出境入境", "label": "Exit and entry"}]
    assert guide["area"]["label"] == "Linhai City"
    assert guide["fee"] == "120 yuan"
    assert guide["appointment"] == {"online": True, "url": "https://yuyue.linhai.example/entry"}


async def test_a_citizen_narrows_down_by_group_theme_department_and_area(phone: Phone) -> None:
    filters: dict[str, list[str]] = {}
    before = None
    titles: list[str] = []
    for dimension, value in (
        ("groups", "企业法人"),
        ("themes", "准营准办"),
        ("areas", "990103"),
        ("departments", "临海市卫生健康委员会"),
    ):
        shown = (await phone.data(CHINESE, "browse_guides", filters=filters))["guideNavigation"]
        promised = {facet["value"]: facet["count"] for facet in shown[dimension]}[value]
        filters[dimension] = [value]
        page = await phone.data(CHINESE, "browse_guides", filters=filters, first=100)
        assert page["guideNavigation"]["total"] == len(page["guides"]["edges"]) == promised
        assert before is None or promised <= before
        before, titles = promised, [edge["node"]["title"] for edge in page["guides"]["edges"]]
    assert titles == ["公共场所卫生许可"]


async def test_scrolling_shows_every_guide_once(phone: Phone) -> None:
    seen: list[str] = []
    after = None
    while True:
        page = (await phone.data(CHINESE, "browse_guides", first=7, after=after))["guides"]
        seen += [edge["node"]["code"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == CODES


async def test_what_cannot_be_asked_is_refused_with_a_code_and_words(phone: Phone) -> None:
    assert await phone.refused("search_guides", query="  ") == ("QUERY_EMPTY", "请输入要查找的内容。")
    assert (await phone.refused("search_guides", query="社" * 101))[0] == "QUERY_TOO_LONG"
    assert (await phone.refused("search_guides", query="社保", first=101))[0] == "PAGE_TOO_LARGE"
    assert (await phone.refused("search_guides", query="社保", after="x"))[0] == "INVALID_CURSOR"
    assert (await phone.refused("browse_guides", filters={"themes": ["a"] * 21}))[0] == "FILTERS_TOO_MANY"
    assert (await phone.data(CHINESE, "guide", code="nothing"))["guide"] is None


def test_the_command_reports_what_it_could_not_read(command: Command, tmp_path: Path) -> None:
    lines = SAMPLE.read_text("utf-8").splitlines()
    spoilt = json.loads(lines[1]) | {"handle_time": "尽快"}
    (tmp_path / "guides.jsonl").write_text("\n".join([lines[0], json.dumps(spoilt), "{broken", lines[0]]), "utf-8")
    done = command("guides.jsonl", "--report", "problems.jsonl")
    assert done.returncode == 0, done.stderr
    assert "line 2, handle_time: not a time limit; left out: '尽快'" in done.stdout
    assert "guides.jsonl" in done.stderr
    problems = [json.loads(line) for line in (tmp_path / "problems.jsonl").read_text("utf-8").splitlines()]
    assert [(item["line"], item["reason"], item["is_skipped"]) for item in problems] == [
        (2, "NOT_A_LIMIT", False),
        (3, "NOT_JSON", True),
        (4, "REPEATED", True),
    ]
    again = command("guides.jsonl")
    assert again.returncode == 0
    assert "nothing changed" in again.stdout


@pytest.mark.parametrize("content", [None, b"", b"\x00\x01\x02", b"a;b;c\n" * 10])
def test_the_command_refuses_what_is_no_file_of_guides(command: Command, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "guides.jsonl").write_bytes(content)
    done = command("guides.jsonl")
    assert done.returncode == 2
    assert "GUIDES_FILE_UNUSABLE" in done.stderr
    assert "Traceback" not in done.stderr
