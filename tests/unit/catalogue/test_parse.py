"""One line of a guides file: what is read, what is reported, and that nothing makes it fail."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shimin.catalogue.fields import TEXT_CHARS_MAX
from shimin.catalogue.model import Appointment, Guide, Phones, Text, TimeLimit
from shimin.catalogue.parse import parse_line
from shimin.catalogue.wire import from_details, to_details
from shimin.demo.guides import SOCIAL_SECURITY_APP, open_sample

LineOf = Callable[..., bytes]


def read(line: bytes) -> Guide:
    """Return the guide of a line that is read fully."""
    parsed = parse_line(line, 1)
    assert parsed.problems == ()
    assert parsed.guide
    return parsed.guide


def reasons(line: bytes) -> list[tuple[str, str]]:
    return [(problem.field, problem.reason) for problem in parse_line(line, 7).problems]


def test_an_untidy_line_is_read_fully(line_of: LineOf) -> None:
    guide = read(line_of())
    assert guide == Guide(
        code="11990100LH00000112209900010000A",
        title=Text("渔船捕捞许可证换发"),
        department=Text("海东县农业农村局"),
        area=guide.area,
        kind="行政许可",
        groups=("自然人", "企业法人"),
        themes=("其他",),
        aliases=("换渔证", "渔船证"),
        conditions=Text("持有有效捕捞许可证， 船舶检验合格。"),
        materials=(Text("渔船检验证书"), Text("申请表")),
        legal_limit=TimeLimit(20),
        promised_limit=TimeLimit(7),
        visits=0,
        place=Text("海东区渔港路4号２楼"),
        consult=Phones(("0500-5550301", "0500-5550302")),
        appointment=Appointment(online=True, url="https://yuyue.linhai.example/fish"),
        courier=True,
        platform=Text("临海市民服务平台"),
        url="https://zwfw.linhai.example/guide/1",
    )
    assert guide.area
    assert (guide.area.code, guide.area.name) == ("990102", Text("临海市海东区"))


@pytest.mark.parametrize("nothing", ["无", "", None, [], " 无 ", "暂无", "-", "N/A"])
def test_every_way_to_say_none_is_none(line_of: LineOf, nothing: object) -> None:
    fields = [
        "accept_standard",
        "material_intro",
        "handle_time",
        "handle_time_limit",
        "handle_location",
        "consult_phone",
        "complain_phone",
        "online_book_addr",
        "bear_paltform",
        "URL",
        "visit_number",
        "theme_category",
        "matter_daily",
    ]
    guide = read(line_of(**dict.fromkeys(fields, nothing)))
    texts = (guide.conditions, guide.place, guide.platform, guide.url, guide.visits)
    assert [*texts, guide.legal_limit, guide.promised_limit, guide.consult, guide.complaint] == [None] * 9
    assert [*guide.materials, *guide.themes, *guide.aliases] == []
    assert guide.appointment == Appointment(online=False)


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("7(工作日)", TimeLimit(7)),
        ("７（工作日）", TimeLimit(7)),
        ("15 个工作日", TimeLimit(15)),
        ("90(自然日)", TimeLimit(90, "calendar")),
        ("30", TimeLimit(30)),
        (20, TimeLimit(20)),
        ("3 working days", TimeLimit(3)),
    ],
)
def test_limits_are_working_days_unless_they_say_otherwise(line_of: LineOf, written: object, limit: TimeLimit) -> None:
    assert read(line_of(handle_time=written)).legal_limit == limit


@pytest.mark.parametrize("written", ["即时", "一周", "7(工作日)左右", "99999(工作日)", "-3"])
def test_what_is_no_limit_is_reported_and_left_out(line_of: LineOf, written: str) -> None:
    parsed = parse_line(line_of(handle_time=written), 7)
    assert [(item.line, item.field, item.reason, item.found) for item in parsed.problems] == [
        (7, "handle_time", "NOT_A_LIMIT", written)
    ]
    assert parsed.guide
    assert parsed.guide.legal_limit is None
    assert parsed.guide.promised_limit == TimeLimit(7)


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("0500-5550301", ["0500-5550301"]),
        ("（0500）5550301", ["0500-5550301"]),
        ("0500—5550301/0500-5550302", ["0500-5550301", "0500-5550302"]),
        ("电话：0500-5550301、5550302。", ["0500-5550301", "0500-5550302"]),
        ("0500-5550301转12", ["0500-5550301-12"]),
        ("86 500 5550301", ["0500-5550301"]),
        ("(86500)5550 301", ["0500-5550301"]),
        ("0500-55503013或拨打12345", ["0500-55503013", "12345"]),
        ("020- 12316", ["020-12316"]),
        ("０５００－５５５０３０１", ["0500-5550301"]),
        ("19900001234", ["19900001234"]),
        ("0500-5550301，0500-5550301", ["0500-5550301"]),
    ],
)
def test_several_telephone_numbers_in_one_field_are_read(line_of: LineOf, written: str, numbers: list[str]) -> None:
    assert read(line_of(consult_phone=written)).consult == Phones(tuple(numbers))


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("0500-5550301，受理时间：上午08：30-12:00，下午14:00-17:30", ["0500-5550301"]),
        ("窗口：海滨大道18号。电话：0500-5550301。邮箱：9000000001@linhai.example", ["0500-5550301"]),
        ("0500-5550301，微信号：lh_5550302a", ["0500-5550301"]),
        ("0500-5550301，网址 https://linhai.example/5550302", ["0500-5550301"]),
    ],
)
def test_more_than_numbers_is_kept_as_a_note_and_reported(line_of: LineOf, written: str, numbers: list[str]) -> None:
    line = line_of(consult_phone=written)
    parsed = parse_line(line, 1)
    assert reasons(line) == [("consult_phone", "MORE_THAN_NUMBERS")]
    assert parsed.guide
    assert parsed.guide.consult == Phones(tuple(numbers), written)


def test_a_phone_field_without_a_number_is_reported_and_its_words_kept(line_of: LineOf) -> None:
    line = line_of(complain_phone="见大厅公告")
    assert reasons(line) == [("complain_phone", "NO_NUMBER")]
    guide = parse_line(line, 1).guide
    assert guide
    assert guide.complaint == Phones((), "见大厅公告")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("visit_number", "很多", "NOT_A_COUNT"),
        ("visit_number", "500", "NOT_A_COUNT"),
        ("courier_service", "看情况", "NOT_A_FLAG"),
        ("URL", "javascript:alert(1)", "NOT_A_URL"),
        ("URL", "https://user:secret@linhai.example/", "NOT_A_URL"),
        ("URL", "linhai.example", "NOT_A_URL"),
        ("URL", "http://[", "NOT_A_URL"),
        ("AREACODE", "临海", "NOT_AN_AREA"),
        ("accept_standard", {"a": 1}, "WRONG_TYPE"),
        ("accept_standard", "长" * (TEXT_CHARS_MAX + 1), "TOO_LONG"),
        ("theme_category", ["a"] * 101, "TOO_MANY"),
        ("theme_category", [{"a": 1}], "WRONG_TYPE"),
        ("DEPT_NAME", "无", "MISSING"),
        ("mini_app_id", "../etc", "NOT_AN_APP"),
        ("online_book", "否", "CONTRADICTION"),
        ("en", "English", "WRONG_TYPE"),
    ],
)
def test_a_field_that_cannot_be_read_costs_the_field_only(
    line_of: LineOf, field: str, value: object, reason: str
) -> None:
    line = line_of(**{field: value})
    assert reasons(line) == [(field, reason)]
    guide = parse_line(line, 1).guide
    assert guide
    assert guide.title == Text("渔船捕捞许可证换发")


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (b"{", "", "NOT_JSON"),
        (b"\xff\xfe", "", "NOT_JSON"),
        (b"[" * 100_000, "", "NOT_JSON"),
        (b"[1, 2]", "", "NOT_AN_OBJECT"),
        (b'"guide"', "", "NOT_AN_OBJECT"),
        (b"{}", "TASK_CODE", "NOT_A_CODE"),
        (b'{"TASK_CODE": "1199 OR 1=1", "TASK_NAME": "x"}', "TASK_CODE", "NOT_A_CODE"),
        ('{"TASK_CODE": "1199", "TASK_NAME": "无"}'.encode(), "TASK_NAME", "MISSING"),
    ],
)
def test_a_broken_line_is_left_out_with_its_reason(line: bytes, field: str, reason: str) -> None:
    parsed = parse_line(line, 3)
    assert parsed.guide is None
    (problem,) = parsed.problems
    assert (problem.line, problem.field, problem.reason, problem.is_skipped) == (3, field, reason, True)
    assert len(problem.found) <= 80


def test_control_characters_never_reach_the_database(line_of: LineOf) -> None:
    guide = read(line_of(TASK_NAME="渔船\u0000许可\u202e证\ufeff", accept_standard="一\r\n二\t三"))
    assert guide.title == Text("渔船 许可 证")
    assert guide.conditions == Text("一\n二 三")


def test_english_texts_stand_beside_the_chinese(line_of: LineOf) -> None:
    guide = read(line_of(en={"TASK_NAME": "Fishing licence", "material_intro": ["Inspection", "Form"]}))
    assert guide.title == Text("渔船捕捞许可证换发", "Fishing licence")
    assert [material.en for material in guide.materials] == ["Inspection", "Form"]
    assert guide.title.pick("en") == "Fishing licence"
    assert guide.department
    assert guide.department.pick("en") == "海东县农业农村局"


def test_an_english_list_of_another_length_is_not_matched_up(line_of: LineOf) -> None:
    line = line_of(en={"material_intro": ["Inspection"]})
    assert reasons(line) == [("en.material_intro", "OTHER_LENGTH")]


def test_the_sample_city_is_read_fully_in_both_languages() -> None:
    with open_sample() as file:
        guides = [read(line) for line in file]
    assert len(guides) >= 40
    assert all(guide.title.en and guide.department and guide.department.en for guide in guides)
    assert all(guide.conditions and guide.conditions.en and all(m.en for m in guide.materials) for guide in guides)
    assert len({guide.code for guide in guides}) == len(guides)
    assert len({guide.department for guide in guides}) >= 15
    assert len({theme for guide in guides for theme in guide.themes}) >= 25
    assert len({guide.area for guide in guides}) >= 4
    assert [guide.title.zh for guide in guides if guide.mini_app_id == SOCIAL_SECURITY_APP] == [
        "社会保险（社保）个人账户查询与补缴"
    ]


def test_a_guide_survives_being_stored(line_of: LineOf) -> None:
    with open_sample() as file:
        guides = [read(line) for line in file]
    guides.append(read(line_of()))
    assert [from_details(guide.code, to_details(guide)) for guide in guides] == guides


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
def test_no_line_makes_the_parser_fail(line_of: LineOf, data: st.DataObject) -> None:
    """Whatever stands in a field, the line is read or reported."""
    known = [
        "TASK_CODE",
        "TASK_NAME",
        "DEPT_NAME",
        "AREACODE",
        "theme_category",
        "service_object_name",
        "visit_number",
        "handle_location",
        "handle_time",
        "consult_phone",
        "courier_service",
        "online_book",
        "online_book_addr",
        "material_intro",
        "URL",
        "en",
        "mini_app_id",
    ]
    changes = {field: data.draw(JSON) for field in data.draw(st.sets(st.sampled_from(known), max_size=4))}
    try:
        line = line_of(**changes)
    except TypeError:  # text that is no Unicode cannot be written as JSON to begin with
        return
    parsed = parse_line(line, 1)
    assert (parsed.guide is None) == any(problem.is_skipped for problem in parsed.problems)
    if parsed.guide:
        assert from_details(parsed.guide.code, to_details(parsed.guide)) == parsed.guide


@given(line=st.binary(max_size=200))
def test_no_bytes_make_the_parser_fail(line: bytes) -> None:
    assert parse_line(line, 1).problems
