"""Filling an empty installation with the demonstration city; again on a filled one changes nothing."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from shimin import catalogue, people, releases
from shimin.assembly import Platform, open_platform
from shimin.config import Settings
from shimin.db import migrate
from shimin.demo.guides import open_sample
from shimin.demo.stamp import MINI_APPS
from shimin.departments import Department
from shimin.identity import Appointment
from shimin.kit.call import Actor, Call, Role, system_call
from shimin.kit.ids import DepartmentId
from shimin.kit.refusal import Refusal
from shimin_sdk.pack import PackageError, pack

HRSS = DepartmentId("hrss.linhai")


DEPARTMENTS = (
    Department(
        HRSS, {"zh-Hans": "临海市人力资源和社会保障局", "en": "Linhai Human Resources and Social Security Bureau"}
    ),
    Department(DepartmentId("police.linhai"), {"zh-Hans": "临海市公安局", "en": "Linhai Public Security Bureau"}),
)


class CityNotReady(Refusal):
    """The demonstration city could not be set up."""

    code = "CITY_NOT_READY"
    step: str
    reason: str


STAFF = (
    Appointment(
        phone="+8619900001001", name="程开发", kind="member", roles=frozenset({"developer"}), department_id=HRSS
    ),
    Appointment(
        phone="+8619900001002", name="管部门", kind="member", roles=frozenset({"department_admin"}), department_id=HRSS
    ),
    Appointment(phone="+8619900001003", name="申审核", kind="operator", roles=frozenset({"reviewer"})),
    Appointment(phone="+8619900001004", name="方发布", kind="operator", roles=frozenset({"releaser"})),
    Appointment(phone="+8619900001005", name="纪审计", kind="operator", roles=frozenset({"auditor"})),
)
"""One account of each kind; they sign in with phone and code like citizens, choosing their office."""


class Steps:
    """Shows what is being done, one line a step, with the time each took."""

    def __init__(self, console: Console) -> None:
        """Print to a console."""
        self.console = console

    @contextmanager
    def step(self, title: str) -> Iterator[Progress]:
        """Show a step while the block runs; the yielded progress may get bars of its own."""
        started = time.monotonic()
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        ) as progress:
            progress.add_task(title, total=None)
            yield progress
        self.console.print(f"  [green]done[/green] {title} [dim]{time.monotonic() - started:.1f} s[/dim]")


async def prepare(settings: Settings, console: Console, *, demo: bool) -> None:
    """Bring the database up to date and, with ``demo``, put the city into it.

    Raises:
        Refusal: a step failed; nothing half-done is taken for done the next time.
    """
    steps = Steps(console)
    with steps.step("database 数据库"):
        await migrate(settings.database)
    if not demo:
        return
    async with open_platform(settings) as platform:
        await _departments(platform, steps)
        await _guides(platform, steps)
        staff = await _staff(platform, steps)
        await install_mini_app(platform, MINI_APPS / "social-security", staff, steps)


async def _departments(platform: Platform, steps: Steps) -> None:
    """Make the city's departments known by name; those that are known stay as they are."""
    with steps.step("departments 部门"):
        for department in DEPARTMENTS:
            async with platform.db.unit() as unit:
                await people.register_department(system_call(), department, unit=unit, clock=platform.clock)


async def _guides(platform: Platform, steps: Steps) -> None:
    """Import the sample guides; those that are there already stay as they are."""
    with steps.step("service guides 办事指南"), open_sample() as file:
        report = await catalogue.import_guides(system_call(), file, db=platform.db, clock=platform.clock)
    if report.problems:
        raise CityNotReady(step="guides", reason=str(report.by_reason))


async def _staff(platform: Platform, steps: Steps) -> dict[Role, Call]:
    """Appoint the city's staff; return a call of each office's holder."""
    calls: dict[Role, Call] = {}
    with steps.step("offices 岗位"):
        for office in STAFF:
            async with platform.db.unit() as unit:
                staff_id = await people.appoint(system_call(), office, unit=unit, clock=platform.clock)
            actor = Actor(
                kind=office.kind, id=staff_id, department_id=office.department_id, roles=office.roles, assurance=1
            )
            calls.update(dict.fromkeys(office.roles, Call(actor=actor)))
    return calls


async def install_mini_app(platform: Platform, folder: Path, staff: dict[Role, Call], steps: Steps) -> None:
    """Take a mini-app through the whole pipeline, each act by the office whose act it is, unless it is live.

    Raises:
        CityNotReady: the folder is missing, or the release did not pass its check.
    """
    try:
        content = await asyncio.to_thread(pack, folder)
    except FileNotFoundError as error:
        raise CityNotReady(step=folder.name, reason=f"{error}; run this in a checkout") from None
    except PackageError as error:
        raise releases.PackageBroken(finding=str(error.findings[0])[:500]) from None
    release = await _uploaded(platform, content, staff["developer"])
    if release is None:
        return
    with steps.step(f"mini-app {folder.name}: build to WebAssembly 构建小程序") as progress:
        line = progress.add_task("starting", total=None)
        release = await releases.check(
            system_call(),
            release.id,
            db=platform.db,
            blobs=platform.blobs,
            edge=platform.edge,
            builder=platform.builder,
            signer=platform.build_signer,
            clock=platform.clock,
            on_progress=lambda text: progress.update(line, description=text),
        )
    if release.state is releases.State.CHECK_FAILED:
        raise CityNotReady(step=folder.name, reason="; ".join(release.findings)[:1000])
    with steps.step(f"mini-app {folder.name}: review by two people, release 审核发布"):
        async with platform.db.unit() as unit:
            clock = platform.clock
            if release.state is releases.State.READY:
                release = await releases.submit(staff["developer"], release.id, unit=unit, clock=clock)
            if release.state is releases.State.IN_REVIEW:
                release = await releases.approve(staff["reviewer"], release.id, release.digest, unit=unit, clock=clock)
            if release.state is releases.State.APPROVED:
                await releases.go_live(staff["releaser"], release.id, unit=unit, clock=clock)


async def _uploaded(platform: Platform, content: bytes, developer: Call) -> releases.Release | None:
    """Upload the package, or find the earlier upload of the same version; None where that one is live."""
    try:
        return await releases.upload(developer, content, db=platform.db, blobs=platform.blobs, clock=platform.clock)
    except releases.VersionNotHigher:
        async with platform.db.reader() as reader:
            known = await releases.all_releases(reader)
    newest = max(
        (item for item in known if item.department_id == developer.actor.department_id),
        key=lambda item: item.version_code,
    )
    return None if newest.state in {releases.State.LIVE, releases.State.SUSPENDED} else newest


async def install_from(settings: Settings, folder: Path, console: Console) -> None:
    """Take one mini-app of a checkout through the whole pipeline, as ``prepare`` does with the city's own."""
    steps = Steps(console)
    async with open_platform(settings) as platform:
        await _departments(platform, steps)
        await install_mini_app(platform, folder, await _staff(platform, steps), steps)
