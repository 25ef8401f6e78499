"""``shimin people``: departments, their members and the platform's operators, for whoever runs the installation."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from shimin import identity, people
from shimin.assembly import Platform, open_platform
from shimin.config import load_settings
from shimin.departments import Department, namespace_of
from shimin.identity import MEMBER_ROLES, OPERATOR_ROLES, Appointment, StaffMember
from shimin.kit.call import Role, system_call
from shimin.kit.ids import DepartmentId

app = typer.Typer(help="Departments, their members and the platform's operators.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
T = TypeVar("T")
ROLES: dict[str, Role] = {str(role): role for role in sorted(MEMBER_ROLES | OPERATOR_ROLES)}


@app.command("department")
def department(
    department_id: Annotated[str, typer.Argument(help="The department's reverse-DNS id, such as hrss.linhai.")],
    name: Annotated[str, typer.Option(help="Its name in Chinese.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    as_json: AsJson = False,
) -> None:
    """Register a department, or rename it; repeating changes nothing. Its mini-apps' ids begin with its id backwards.

    Example: shimin people department hrss.linhai --name 临海市人社局 --name-en "Linhai Social Security"
    """
    order = Department(DepartmentId(department_id), {"zh-Hans": name, "en": name_en})

    async def register(platform: Platform) -> bool:
        async with platform.db.unit() as unit:
            return await people.register_department(system_call(), order, unit=unit, clock=platform.clock)

    changed = _run(register)
    namespace = namespace_of(order.id)
    _say(
        {"id": order.id, "namespace": namespace, "changed": changed},
        f"{order.id} is {'registered' if changed else 'unchanged'}; its mini-apps are called {namespace}*",
        as_json=as_json,
    )


@app.command("appoint")
def appoint(
    phone: Annotated[str, typer.Argument(help="The number the person signs in with, such as +8613800000000.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[list[str], typer.Option(help=f"May be repeated. One of {', '.join(ROLES)}.")],
    department_id: Annotated[
        str | None, typer.Option("--department", help="For members: the department's id; without it an operator.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody an office, in effect at once; appointing again replaces it.

    Operators are reviewer, releaser, security, auditor, ad_hoc_documents; members developer, department_admin. One
    person never holds two roles of which one checks the other.

    Example: shimin people appoint +8613800000000 --name 申审核 --role reviewer
    """
    if unknown := [item for item in role if item not in ROLES]:
        raise typer.BadParameter(f"no role {', '.join(unknown)}: there are {', '.join(ROLES)}", param_hint="--role")
    order = Appointment(
        phone=phone,
        name=name,
        kind="member" if department_id else "operator",
        roles=frozenset(ROLES[item] for item in role),
        department_id=DepartmentId(department_id) if department_id else None,
    )

    async def give(platform: Platform) -> str:
        async with platform.db.unit() as unit:
            return await people.appoint(system_call(), order, unit=unit, clock=platform.clock)

    staff_id = _run(give)
    _say(
        {"id": staff_id, "kind": order.kind, "roles": sorted(order.roles), "department": department_id},
        f"{staff_id} is {order.kind} ({', '.join(sorted(order.roles))}) and signs in with that number.",
        as_json=as_json,
    )


@app.command("dismiss")
def dismiss(
    staff_id: Annotated[str, typer.Argument(help="Whose office ends (stf_…), as shimin people list shows it.")],
    as_json: AsJson = False,
) -> None:
    """End an office and every session held in it, at once; repeating changes nothing.

    Example: shimin people dismiss stf_0192…
    """

    async def end(platform: Platform) -> bool:
        async with platform.db.unit() as unit:
            return await people.dismiss(system_call(), staff_id, unit=unit, clock=platform.clock)

    ended = _run(end)
    words = "holds no office any more" if ended else "held none"
    _say({"id": staff_id, "changed": ended}, f"{staff_id} {words}.", as_json=as_json)


@app.command("list")
def list_people(
    everybody: Annotated[bool, typer.Option("--all", help="Show those too whose office has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """List operators and members of departments; numbers are shown with their middle hidden.

    Example: shimin people list --json
    """

    async def read(platform: Platform) -> list[StaffMember]:
        async with platform.db.reader() as reader:
            return await identity.list_staff(reader)

    found = [person for person in _run(read) if everybody or person.dismissed_at is None]
    if as_json:
        typer.echo(json.dumps([_plain(person) for person in found], ensure_ascii=False))
        return
    table = Table(Column("id", no_wrap=True), "name", "phone", "office", "department", "since", box=SIMPLE_HEAD)
    for person in found:
        ended = person.dismissed_at is not None
        table.add_row(
            *(person.staff_id, person.name, person.phone, ", ".join(person.roles) or "member"),
            *(person.department_id or "", f"{person.appointed_at:%Y-%m-%d}"),
            style="dim" if ended else "",
        )
    console = Console()
    console.print(table)
    if not found:
        console.print("Nobody holds an office yet. See shimin people appoint --help")


def _plain(person: StaffMember) -> dict[str, Any]:
    return {
        "id": person.staff_id,
        "name": person.name,
        "phone": person.phone,
        "kind": person.kind,
        "department": person.department_id,
        "roles": list(person.roles),
        "appointed_at": person.appointed_at.isoformat(),
        "dismissed_at": person.dismissed_at.isoformat() if person.dismissed_at else None,
    }


def _run(work: Callable[[Platform], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with open_platform(load_settings()) as platform:
            return await work(platform)

    return asyncio.run(opened())


def _say(answer: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        Console().print(Text(words), soft_wrap=True)
