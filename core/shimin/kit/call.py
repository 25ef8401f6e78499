"""Who is asking, for whom and why: the first argument of every verb."""

from dataclasses import dataclass, field, replace
from typing import Literal, Self

from shimin.kit.ids import CitizenId, DepartmentId, new_id
from shimin.kit.refusal import NotAllowed, NotSignedIn

ActorKind = Literal["anonymous", "citizen", "member", "operator", "miniapp", "system"]
Role = Literal["reviewer", "releaser", "auditor", "ad_hoc_documents", "security", "developer", "department_admin"]
Locale = Literal["zh-Hans", "en"]


@dataclass(frozen=True, slots=True)
class Actor:
    """One of the six kinds of caller, with just what identifies it.

    ``member`` is a person of a department, ``operator`` a person of the platform, ``miniapp`` a release
    acting on behalf of a citizen; ``system`` is the platform itself (jobs, reactions).
    """

    kind: ActorKind
    id: str
    citizen_id: CitizenId | None = None
    department_id: DepartmentId | None = None
    app_id: str | None = None
    release_id: str | None = None
    roles: frozenset[str] = frozenset()
    assurance: int = 0
    """0 not signed in, 1 phone, 2 real name, 3 in person (domains.md section 1)."""


ANONYMOUS = Actor(kind="anonymous", id="anonymous")
SYSTEM = Actor(kind="system", id="system", assurance=3)


@dataclass(frozen=True, slots=True)
class Call:
    """The authority and the circumstances under which something is asked for."""

    actor: Actor
    on_behalf_of: CitizenId | None = None
    session_id: str | None = None
    document_id: str | None = None
    """The trusted document under which the call is made; consent is asked and given per document."""
    via: tuple[str, ...] = ()
    """The mini-apps whose calls led here, the one that the citizen called first: set where one serves another."""
    device: str | None = None
    locale: Locale = "zh-Hans"
    trace_id: str = field(default_factory=lambda: new_id("trc"))

    @property
    def citizen_id(self) -> CitizenId | None:
        """The citizen whose affairs these are: the one acted for, else the caller."""
        return self.on_behalf_of or self.actor.citizen_id

    def need_citizen(self) -> CitizenId:
        """Return the citizen whose affairs these are.

        Raises:
            NotSignedIn: nobody has signed in.
            NotAllowed: the caller is signed in and is not acting for a citizen.
        """
        citizen_id = self.citizen_id
        if citizen_id is None:
            raise NotSignedIn if self.actor.kind == "anonymous" else NotAllowed
        return citizen_id

    def need_self(self) -> CitizenId:
        """Return the citizen who is calling in person; a mini-app acting for them does not count.

        Raises:
            NotSignedIn: nobody has signed in.
            NotAllowed: somebody else is calling.
        """
        if self.actor.kind != "citizen" or self.actor.citizen_id is None:
            raise NotSignedIn if self.actor.kind == "anonymous" else NotAllowed
        return self.actor.citizen_id

    def need_role(self, *roles: Role) -> None:
        """Go on only for a caller who holds one of these roles (or the platform itself).

        Raises:
            NotSignedIn: nobody has signed in.
            NotAllowed: the caller holds none of them.
        """
        if self.actor.kind == "anonymous":
            raise NotSignedIn
        if self.actor.kind != "system" and not self.actor.roles.intersection(roles):
            raise NotAllowed

    def for_release(self, *, app_id: str, release_id: str, department_id: DepartmentId) -> Self:
        """Return the call a mini-app release makes on behalf of this call's citizen: never more authority."""
        citizen_id = self.need_citizen()
        actor = Actor(
            kind="miniapp",
            id=release_id,
            app_id=app_id,
            release_id=release_id,
            department_id=department_id,
            assurance=self.actor.assurance,
        )
        return replace(self, actor=actor, on_behalf_of=citizen_id)

    def under(self, document_id: str) -> Self:
        """Return the same call made under a trusted document."""
        return replace(self, document_id=document_id)


def system_call(*, on_behalf_of: CitizenId | None = None) -> Call:
    """Return a call by the platform itself, as reactions and jobs make."""
    return Call(actor=SYSTEM, on_behalf_of=on_behalf_of)
