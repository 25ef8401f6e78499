"""Searching, listing and counting guides: the same answers on both engines."""

from collections.abc import Awaitable, Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shimin.catalogue import (
    BrowseGuides,
    CountGuides,
    Filters,
    FiltersTooMany,
    GuidePage,
    ImportReport,
    Problem,
    QueryEmpty,
    QueryTooLong,
    SearchGuides,
    browse_guides,
    count_guides,
    find_guide,
    search_guides,
)
from shimin.catalogue.parse import parse_line
from shimin.catalogue.rows import index_entry
from shimin.catalogue.tokens import Unit, query_units
from shimin.db import Database, InvalidCursor, PageTooLarge
from shimin.demo.guides import SOCIAL_SECURITY_APP, open_sample
from shimin.kit.call import Call

LineOf = Callable[..., bytes]
Import = Callable[..., Awaitable[tuple[ImportReport, list[Problem]]]]
with open_sample() as _file:
    SAMPLE = [guide for line in _file if (guide := parse_line(line, 1).guide)]


async def search(db: Database, call: Call, text: str, **more: object) -> GuidePage:
    async with db.reader() as reader:
        return await search_guides(call, SearchGuides(text, **more), reader=reader)  # type: ignore[arg-type]


def titles(page: GuidePage) -> list[str]:
    return [found.guide.title.zh for found in page.found]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("社保", "社会保险（社保）个人账户查询与补缴"),
        ("护照", "普通护照申领"),
        ("普通护照申领", "普通护照申领"),
        ("低保", "最低生活保障申请"),
        ("公积金", "住房公积金提取"),
        ("passport", "普通护照申领"),
        ("PASSPORT", "普通护照申领"),
        ("ｐａｓｓｐｏｒｔ", "普通护照申领"),
        ("water bill", "水费账单查询与缴纳"),
        ("pollut", "排污许可证核发"),
        ("港澳 endorsement", "往来港澳通行证签注"),
        ("怎么办理护照", "普通护照申领"),
        ("how to apply for a passport", "普通护照申领"),
        ("请问在哪领结婚证呢？", "内地居民结婚登记"),
    ],
)
async def test_people_find_what_they_mean(city: Database, anyone: Call, text: str, first: str) -> None:
    assert titles(await search(city, anyone, text))[0] == first


async def test_the_social_insurance_guide_names_its_mini_app(city: Database, anyone: Call) -> None:
    page = await search(city, anyone, "社保", first=10)
    assert page.found[0].guide.mini_app_id == SOCIAL_SECURITY_APP


async def test_titles_rank_over_names_and_names_over_the_rest(
    db: Database, import_lines: Import, line_of: LineOf, anyone: Call
) -> None:
    await import_lines(
        line_of(TASK_CODE="BODY", TASK_NAME="甲事项", accept_standard="持有灯塔证。灯塔证有效。"),
        line_of(TASK_CODE="NAME", TASK_NAME="乙事项", matter_daily="灯塔证"),
        line_of(TASK_CODE="HOLDS", TASK_NAME="补办灯塔证"),
        line_of(TASK_CODE="BEGINS", TASK_NAME="灯塔证补办"),
        line_of(TASK_CODE="SAME", TASK_NAME="《灯塔证》"),
        line_of(TASK_CODE="NONE", TASK_NAME="灯具与塔吊"),
    )
    page = await search(db, anyone, "灯塔证")
    assert [found.guide.code for found in page.found] == ["SAME", "BEGINS", "HOLDS", "NAME", "BODY"]


async def test_a_single_character_is_found_wherever_it_stands(
    db: Database, import_lines: Import, line_of: LineOf, anyone: Call
) -> None:
    await import_lines(
        line_of(TASK_CODE="FIRST", TASK_NAME="税务登记"),
        line_of(TASK_CODE="MIDDLE", TASK_NAME="完税证明"),
        line_of(TASK_CODE="LAST", TASK_NAME="缴税"),
        line_of(TASK_CODE="ALONE", TASK_NAME="A税B"),
        line_of(TASK_CODE="NONE", TASK_NAME="渔船"),
    )
    page = await search(db, anyone, "税")
    assert {found.guide.code for found in page.found} == {"FIRST", "MIDDLE", "LAST", "ALONE"}


@settings(max_examples=25)
@given(data=st.data())
async def test_any_two_characters_of_a_title_find_its_guide(city: Database, anyone: Call, data: st.DataObject) -> None:
    """Any part of two characters or more of any title, in either language's script, as one query."""
    guide = data.draw(st.sampled_from(SAMPLE))
    start = data.draw(st.integers(0, len(guide.title.zh) - 2))
    end = data.draw(st.integers(start + 2, len(guide.title.zh)))
    part = guide.title.zh[start:end]
    if not any(char.isalnum() for char in part):
        return
    async with city.reader() as reader:
        codes, after = set(), None
        while True:
            page = await search_guides(anyone, SearchGuides(part, first=100, after=after), reader=reader)
            codes |= {found.guide.code for found in page.found}
            if not page.has_next:
                break
            after = page.found[-1].cursor
    assert page.matching == "all_words"
    assert guide.code in codes


def stands_in(unit: Unit, terms: list[str]) -> bool:
    """Tell whether a run of a query stands in a column, by looking."""
    wanted = list(unit.terms)
    if unit.is_prefix:
        return any(term.startswith(unit.text) for term in terms)
    return any(terms[at : at + len(wanted)] == wanted for at in range(len(terms)))


async def test_each_engine_finds_exactly_what_looking_finds(city: Database, anyone: Call) -> None:
    """Two hundred queries of every kind against a search by hand: so both engines find the same guides."""
    columns = {guide.code: index_entry(guide).columns() for guide in SAMPLE}
    chinese = [guide.title.zh for guide in SAMPLE] + [guide.conditions.zh for guide in SAMPLE if guide.conditions]
    english = [word for guide in SAMPLE for word in (guide.title.en or "").split()]
    choose = Random(20261123)  # noqa: S311 - a sample, not a secret
    queries = ["税", "申请", "register", "a", "of", "港澳通行证", "ID card 身份证", "7"]
    for length in (1, 2, 2, 2, 3, 4, 8):
        for _ in range(20):
            text = choose.choice(chinese)
            start = choose.randrange(max(1, len(text) - length))
            queries.append(text[start : start + length])
    queries += choose.sample(english, 30) + [
        f"{choose.choice(english)} {text[:2]}" for text in choose.sample(chinese, 30)
    ]
    async with city.reader() as reader:
        for text in queries:
            units = query_units(text)
            if not units:
                continue
            expected = {
                code
                for code, parts in columns.items()
                if all(any(stands_in(unit, terms) for terms in parts) for unit in units)
            }
            page = await search_guides(anyone, SearchGuides(text, first=100), reader=reader)
            found = {item.guide.code for item in page.found} if page.matching == "all_words" else set()
            assert found == expected, text


HOSTILE = [
    '"', "'", "\\", "社保'; DROP TABLE guide; --", 'title:"社保"', "社保 OR 1=1", "NEAR(社保 护照)",
    "社保 AND NOT 护照", "{title} : 社保", "社保\x00护照", "ﷺ" * 100, "𬭚", "\U00031350", "ᦰ", "・ー",
]  # fmt: skip


ONLY_PUNCTUATED = [
    "社保*",
    "^社保",
    "-社保",
    "社保 & | ! <-> ( )",
    "社保\\",
    "社保:*",
    "\ud800社保",
    "😀社保",
    "%社保_",
    "\u202e社保",
]
"""Queries that are the word 社保 and characters without meaning."""


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_nothing_in_a_query_is_an_operator(city: Database, anyone: Call, text: str) -> None:
    try:
        page = await search(city, anyone, text)
    except QueryEmpty:
        assert not any(char.isalnum() for char in text)
        return
    async with city.reader() as reader:
        counted = await count_guides(anyone, CountGuides(text=text, matching=page.matching), reader=reader)
        assert await reader.fetch_value("SELECT count(*) FROM guide") == len(SAMPLE)
    assert counted.total >= len(page.found)


@pytest.mark.parametrize("text", ONLY_PUNCTUATED, ids=range(len(ONLY_PUNCTUATED)))
async def test_punctuation_around_a_word_changes_nothing(city: Database, anyone: Call, text: str) -> None:
    assert titles(await search(city, anyone, text)) == titles(await search(city, anyone, "社保"))


@pytest.mark.parametrize("text", ["", " ", "。，！", "()", "\x00"])
async def test_an_empty_query_is_refused(city: Database, anyone: Call, text: str) -> None:
    with pytest.raises(QueryEmpty):
        await search(city, anyone, text)


async def test_a_query_of_more_than_a_hundred_characters_is_refused(city: Database, anyone: Call) -> None:
    await search(city, anyone, "社" * 100)
    with pytest.raises(QueryTooLong):
        await search(city, anyone, "社" * 101)


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_one_to_a_hundred_guides(city: Database, anyone: Call, first: int) -> None:
    with pytest.raises(PageTooLarge):
        await search(city, anyone, "社保", first=first)
    async with city.reader() as reader:
        with pytest.raises(PageTooLarge):
            await browse_guides(anyone, BrowseGuides(first=first), reader=reader)


async def test_too_many_filters_are_refused(city: Database, anyone: Call) -> None:
    async with city.reader() as reader:
        for filters in (Filters(themes=("a",) * 21), Filters(areas=("9" * 301,))):
            with pytest.raises(FiltersTooMany):
                await browse_guides(anyone, BrowseGuides(filters), reader=reader)
            with pytest.raises(FiltersTooMany):
                await count_guides(anyone, CountGuides(filters), reader=reader)


@pytest.mark.parametrize("value", ["'", "\x00", "\ud800", "😀", "其他' OR '1'='1"], ids=range(5))
async def test_a_hostile_filter_names_nothing(city: Database, anyone: Call, value: str) -> None:
    async with city.reader() as reader:
        for filters in (
            Filters(groups=(value,)), Filters(themes=(value,)), Filters(departments=(value,)), Filters(areas=(value,)),
        ):  # fmt: skip
            assert (await browse_guides(anyone, BrowseGuides(filters), reader=reader)).found == ()
            assert (await count_guides(anyone, CountGuides(filters), reader=reader)).total == 0


@pytest.mark.parametrize("text", ["登记", "证", "申请", "card", None])
async def test_pages_put_together_are_the_whole_list(city: Database, anyone: Call, text: str | None) -> None:
    """Each guide once, in the same order, whatever the size of the page."""

    async def walk(first: int) -> list[str]:
        codes: list[str] = []
        after = None
        async with city.reader() as reader:
            while True:
                page = (
                    await browse_guides(anyone, BrowseGuides(first=first, after=after), reader=reader)
                    if text is None
                    else await search_guides(anyone, SearchGuides(text, first=first, after=after), reader=reader)
                )
                codes += [found.guide.code for found in page.found]
                if not page.has_next:
                    return codes
                assert len(page.found) == first
                after = page.found[-1].cursor

    whole = await walk(100)
    assert len(whole) == len(set(whole)) > 3
    assert await walk(3) == whole
    assert await walk(1) == whole


async def test_a_cursor_fits_one_question_only(city: Database, anyone: Call) -> None:
    cursor = (await search(city, anyone, "登记", first=1)).found[0].cursor
    assert (await search(city, anyone, " 登记 ", first=1, after=cursor)).found
    async with city.reader() as reader:
        browsed = (await browse_guides(anyone, BrowseGuides(first=1), reader=reader)).found[0].cursor
        with pytest.raises(InvalidCursor):
            await browse_guides(anyone, BrowseGuides(after=cursor), reader=reader)
    for text, after, filters in (
        ("申请", cursor, Filters()),
        ("登记", cursor, Filters(themes=("其他",))),
        ("登记", browsed, Filters()),
        ("登记", "", Filters()),
        ("登记", "!!", Filters()),
        ("登记", cursor + "A" * 300, Filters()),
        ("登记", cursor[:-4], Filters()),
        ("登记", "汉", Filters()),
    ):
        with pytest.raises(InvalidCursor):
            await search(city, anyone, text, after=after, filters=filters)


async def test_filters_narrow_in_every_dimension(city: Database, anyone: Call) -> None:
    wanted = Filters(
        groups=("自然人",), themes=("交通出行", "老年人"), departments=("临海市交通运输局",), areas=("990100",)
    )
    expected = {
        guide.code
        for guide in SAMPLE
        if "自然人" in guide.groups
        and {"交通出行", "老年人"} & set(guide.themes)
        and guide.department
        and guide.department.zh == "临海市交通运输局"
        and guide.area
        and guide.area.code == "990100"
    }
    async with city.reader() as reader:
        page = await browse_guides(anyone, BrowseGuides(wanted, first=100), reader=reader)
        found = await search_guides(anyone, SearchGuides("老年", wanted, first=100), reader=reader)
        counts = await count_guides(anyone, CountGuides(wanted), reader=reader)
    assert {item.guide.code for item in page.found} == expected
    assert titles(found) == ["老年人免费乘车卡申领"]
    assert counts.total == len(expected) == 2


async def test_counts_are_those_of_counting_by_hand(city: Database, anyone: Call) -> None:
    """A dimension's counts disregard its own filter and heed all others."""
    async with city.reader() as reader:
        counts = await count_guides(anyone, CountGuides(Filters(themes=("出境入境",))), reader=reader)
    inside = [guide for guide in SAMPLE if "出境入境" in guide.themes]
    assert counts.total == len(inside) == 3
    assert {facet.value: facet.count for facet in counts.facets["theme"]} == {
        theme: sum(theme in guide.themes for guide in SAMPLE) for guide in SAMPLE for theme in guide.themes
    }
    assert [(facet.value, facet.count) for facet in counts.facets["department"]] == [("临海市公安局出入境管理支队", 3)]
    assert [(facet.value, facet.count) for facet in counts.facets["group"]] == [("自然人", 3)]
    assert [(facet.value, facet.count) for facet in counts.facets["area"]] == [("990100", 3)]


async def test_facets_of_a_search_count_what_it_found(city: Database, anyone: Call) -> None:
    page = await search(city, anyone, "登记", first=100)
    async with city.reader() as reader:
        counts = await count_guides(anyone, CountGuides(text="登记", matching=page.matching), reader=reader)
        none = await search_guides(anyone, SearchGuides("鯨鯢"), reader=reader)
        nothing = await count_guides(anyone, CountGuides(text="鯨鯢", matching=none.matching), reader=reader)
    assert counts.total == len(page.found)
    assert sum(facet.count for facet in counts.facets["department"]) == counts.total
    assert (none.found, none.matching, nothing.total) == ((), None, 0)


async def test_labels_and_texts_are_in_the_callers_language(city: Database, anyone: Call, english: Call) -> None:
    async with city.reader() as reader:
        here = await count_guides(anyone, CountGuides(), reader=reader)
        there = await count_guides(english, CountGuides(), reader=reader)
        page = await search_guides(english, SearchGuides("passport"), reader=reader)
    assert {facet.label for facet in here.facets["group"]} >= {"自然人", "企业法人"}
    for dimension, facets in there.facets.items():
        assert all(facet.label.isascii() for facet in facets), dimension
        assert {facet.value: facet.count for facet in facets} == {
            facet.value: facet.count for facet in here.facets[dimension]
        }
    marked = page.found[0].title
    assert [(segment.text, segment.hit) for segment in marked] == [("Applying for a ", False), ("passport", True)]


async def test_a_snippet_shows_where_the_words_are(city: Database, anyone: Call) -> None:
    page = await search(city, anyone, "焰火晚会")
    (found,) = page.found
    assert found.snippet
    assert found.snippet.field == "conditions"
    assert [segment.text for segment in found.snippet.segments if segment.hit] == ["焰火晚会"]
    assert all(not segment.hit for segment in found.title)


async def test_one_guide_is_read_by_its_code(city: Database, anyone: Call) -> None:
    async with city.reader() as reader:
        for guide in SAMPLE[:3]:
            assert await find_guide(anyone, guide.code, reader=reader) == guide
            assert await find_guide(anyone, guide.code.lower(), reader=reader) == guide
        for code in ("", "nothing", "x" * 1000, "\x00", "\ud800", "临海"):
            assert await find_guide(anyone, code, reader=reader) is None
