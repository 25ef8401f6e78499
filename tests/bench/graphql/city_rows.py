"""The rows of an invented city, the same on every run: texts as they lie in the tables, times as UTC text."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

Row = tuple[str | int | None, ...]

END = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""The moment the city stands at: nothing in it is later."""
YEAR = timedelta(days=365)
SESSION_LIFE = timedelta(days=180)
PHONES_FROM = 13_000_000_000

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"

DEPARTMENTS = (
    ("hrss", "人力资源和社会保障局", "Human Resources and Social Security"),
    ("tax", "税务局", "Taxation"),
    ("police", "公安局", "Public Security"),
    ("health", "卫生健康局", "Health"),
    ("medins", "医疗保障局", "Healthcare Security"),
    ("edu", "教育局", "Education"),
    ("civil", "民政局", "Civil Affairs"),
    ("justice", "司法局", "Justice"),
    ("housing", "住房和城乡建设局", "Housing and Urban Development"),
    ("fund", "住房公积金管理中心", "Housing Provident Fund"),
    ("transport", "交通运输局", "Transport"),
    ("water", "水务局", "Water"),
    ("market", "市场监督管理局", "Market Regulation"),
    ("resources", "自然资源局", "Natural Resources"),
    ("ecology", "生态环境局", "Ecology and Environment"),
    ("culture", "文化广电旅游局", "Culture and Tourism"),
    ("sport", "体育局", "Sport"),
    ("agri", "农业农村局", "Agriculture and Rural Affairs"),
    ("commerce", "商务局", "Commerce"),
    ("finance", "财政局", "Finance"),
    ("science", "科学技术局", "Science and Technology"),
    ("industry", "工业和信息化局", "Industry and Information Technology"),
    ("reform", "发展和改革局", "Development and Reform"),
    ("stats", "统计局", "Statistics"),
    ("veterans", "退役军人事务局", "Veterans Affairs"),
    ("emergency", "应急管理局", "Emergency Management"),
    ("fire", "消防救援支队", "Fire and Rescue"),
    ("urban", "城市管理局", "Urban Management"),
    ("forestry", "林业局", "Forestry"),
    ("weather", "气象局", "Meteorology"),
    ("quake", "地震局", "Earthquake"),
    ("post", "邮政管理局", "Postal Administration"),
    ("customs", "海关", "Customs"),
    ("border", "出入境边防检查站", "Border Inspection"),
    ("court", "人民法院", "Court"),
    ("archive", "档案馆", "Archives"),
    ("library", "图书馆", "Library"),
    ("metro", "地铁集团", "Metro"),
    ("gas", "燃气集团", "Gas"),
    ("power", "供电局", "Power Supply"),
)
"""Short name, words in Chinese and in English; the id is ``<short name>.linhai``."""
SERVICES = ("水费", "电费", "燃气费", "停车费", "物业费", "医保缴费", "学费", "交通罚款", "证照工本费", "诉讼费")
APPS = (("缴费", "Payments"), ("预约", "Appointments"), ("查询", "Records"))


@dataclass(frozen=True, slots=True)
class CitySize:
    """How many of each there are."""

    citizens: int
    messages: int
    bills: int
    departments: int = len(DEPARTMENTS)
    mini_apps: int = 60

    @classmethod
    def scaled(cls, scale: float) -> "CitySize":
        """Return the city of a scale: 1 is 100,000 citizens with 2,000,000 messages and 800,000 bills."""
        citizens = max(20, round(100_000 * scale))
        return cls(citizens=citizens, messages=citizens * 20, bills=citizens * 8)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be put into one table."""

    name: str
    columns: tuple[str, ...]
    rows: Iterator[Row]
    count: int


def citizen_id(number: int) -> str:
    """Return the id of a citizen by number."""
    return _id("ctz", END - YEAR, number)


def session_id(number: int) -> str:
    """Return the id of the session that a citizen has open."""
    return _id("ses", END - YEAR, number)


def department_id(number: int) -> str:
    """Return the id of a department by number."""
    return f"{DEPARTMENTS[number % len(DEPARTMENTS)][0]}.linhai"


def tables(size: CitySize, opened_at: datetime) -> Sequence[Table]:
    """Return every table of a city with its rows, in the order they are to be written.

    Args:
        opened_at: when the citizens signed in; their sessions last half a year from then.
    """
    return (
        Table("department", ("id", "name", "registered_at"), _departments(size), size.departments),
        Table(
            "identity_citizen",
            ("citizen_id", "phone", "phone_masked", "name_masked", "assurance", "registered_at", "confirm_tries"),
            _citizens(size),
            size.citizens,
        ),
        Table(
            "identity_session",
            ("id", "subject_id", "capacity", "device_name", "device_hash", "opened_at", "last_used_at", "expires_at"),
            _sessions(size, opened_at),
            size.citizens,
        ),
        Table("mini_app", ("app_id", "department_id", "version_code_highest"), _mini_apps(size), size.mini_apps),
        Table(
            "release",
            (
                *("id", "app_id", "department_id", "version_code", "version_name", "name", "state", "digest"),
                *("package_key", "uploaded_by", "uploaded_at", "findings", "moved_at"),
            ),
            _releases(size),
            2 * size.mini_apps,
        ),
        Table("live_release", ("app_id", "release_id", "since"), _live_releases(size), size.mini_apps),
        Table(
            "payment_bill",
            (
                *("id", "department_id", "reference", "source", "for_citizen", "title", "payee", "amount_minor"),
                *("currency", "due_on", "state", "payment_id", "read_at"),
            ),
            _bills(size),
            size.bills,
        ),
        Table(
            "message",
            (
                *("row_key", "citizen_id", "id", "sender_kind", "sender", "template", "slot_values", "payment_id"),
                *("sent_at", "read_at"),
            ),
            _messages(size),
            size.messages,
        ),
    )


def _departments(size: CitySize) -> Iterator[Row]:
    for number in range(size.departments):
        _, chinese, english = DEPARTMENTS[number]
        yield department_id(number), _document({"zh-Hans": f"临海市{chinese}", "en": f"{english}, Linhai"}), _text(END)


def _citizens(size: CitySize) -> Iterator[Row]:
    registered_at = _text(END - YEAR)
    for number in range(size.citizens):
        name = f"{SURNAMES[number % 20]}*{GIVEN[number // 20 % 20]}"
        phone = str(PHONES_FROM + number)
        yield citizen_id(number), f"+86{phone}", f"{phone[:3]}****{phone[-4:]}", name, 2, registered_at, 0


def _sessions(size: CitySize, opened_at: datetime) -> Iterator[Row]:
    at, until = _text(opened_at), _text(opened_at + SESSION_LIFE)
    for number in range(size.citizens):
        yield session_id(number), citizen_id(number), "citizen", "bench", f"device-{number}", at, at, until


def _app_id(number: int) -> str:
    return f"app{number:02}.{department_id(number)}"


def _mini_apps(size: CitySize) -> Iterator[Row]:
    for number in range(size.mini_apps):
        yield _app_id(number), department_id(number), 2


def _release_id(number: int, version: int) -> str:
    return _id("rel", END - YEAR, number * 2 + version)


def _releases(size: CitySize) -> Iterator[Row]:
    """Yield two versions of each app, of which the second is live."""
    at = _text(END - YEAR)
    for number in range(size.mini_apps):
        _, chinese, english = DEPARTMENTS[number % len(DEPARTMENTS)]
        kind = APPS[number % len(APPS)]
        name = _document({"zh-Hans": f"{chinese}{kind[0]}", "en": f"{english} {kind[1]}"})
        for version, state in ((1, "SUPERSEDED"), (2, "LIVE")):
            digest = f"sha256:{number:062x}{version:02x}"
            yield (
                *(_release_id(number, version), _app_id(number), department_id(number), version, f"1.{version}.0"),
                *(name, state, digest, f"packages/{digest}", "mbr_bench", at, "[]", at),
            )


def _live_releases(size: CitySize) -> Iterator[Row]:
    for number in range(size.mini_apps):
        yield _app_id(number), _release_id(number, 2), _text(END - YEAR)


def _bills(size: CitySize) -> Iterator[Row]:
    """Yield bills in the order they were read, each of a citizen drawn at random; six of ten are open."""
    chance = random.Random(2)  # noqa: S311 - the same city every time
    read_at = _text(END - timedelta(days=1))
    first_due = date(2026, 11, 24)
    for number in range(size.bills):
        department = department_id(chance.randrange(size.departments))
        service = SERVICES[chance.randrange(len(SERVICES))]
        is_open = chance.random() < 0.6
        due_on = first_due + timedelta(days=chance.randrange(90))
        yield (
            *(_id("bil", END - YEAR, number), department, f"LH-{number:08}", "hrss"),
            *(citizen_id(chance.randrange(size.citizens)), f"2026年{1 + number % 12}月{service}", "临海市财政专户"),
            *(chance.randrange(1_00, 2_000_00), "CNY", due_on.isoformat(), "OPEN" if is_open else "PAID"),
            *(None if is_open else _id("pay", END - YEAR, number), read_at),
        )


def _messages(size: CitySize) -> Iterator[Row]:
    """Yield messages in the order they were sent, over a year, each to a citizen drawn at random."""
    chance = random.Random(3)  # noqa: S311 - the same city every time
    step = YEAR / (size.messages + 1)
    for number in range(size.messages):
        citizen = citizen_id(chance.randrange(size.citizens))
        sent_at = END - YEAR + step * number
        message_id = _id("msg", sent_at, number)
        sent = _text(sent_at)
        kind, sender = _sender(chance.random(), number, size)
        template, values = _words(chance, number, sent)
        read_at = None if chance.random() < 0.15 else _text(sent_at + timedelta(seconds=chance.randrange(9, 90_000)))
        payment_id = _id("pay", sent_at, number)
        yield (
            *(f"{citizen}:{message_id}", citizen, message_id, kind, sender, template, values, payment_id),
            *(sent, read_at),
        )


def _sender(draw: float, number: int, size: CitySize) -> tuple[str, str]:
    if draw < 0.8:
        return "DEPARTMENT", department_id(number % size.departments)
    return ("PLATFORM", "shimin") if draw < 0.9 else ("MINI_APP", _app_id(number % size.mini_apps))


def _words(chance: random.Random, number: int, sent: str) -> tuple[str, str]:
    """Return a template of the product and its values as they are stored; one message in ten tells of a failure."""
    amount_minor = chance.randrange(1_00, 2_000_00)
    subject = f"2026年{1 + number % 12}月{SERVICES[number % len(SERVICES)]}"
    values = {"amount": f"CNY {amount_minor // 100}.{amount_minor % 100:02}", "subject": subject}
    if number % 10 == 0:
        return "payment.failed", _document(values)
    paid_at = f"{sent[:10]} {sent[11:16]} UTC"
    return "payment.receipt", _document(
        values | {"payee": "临海市财政专户", "receipt_number": f"R{number:010}", "paid_at": paid_at}
    )


def _id(prefix: str, at: datetime, number: int) -> str:
    """Return an id in the platform's shape (a UUIDv7 in hex) that follows from the time and the number."""
    scattered = number * 0x9E3779B97F4A7C15 % 2**64
    return f"{prefix}_{int(at.timestamp() * 1000):012x}7{number % 4096:03x}{scattered:016x}"


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _document(value: dict[str, str]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
