"""A department: its id and its names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shimin.departments.errors import InvalidDepartment
from shimin.kit.call import Locale
from shimin.kit.ids import DepartmentId
from shimin.kit.text import LOCALES

NAME_CHARS_MAX = 100
_ID = re.compile(r"[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40}){1,5}")


def namespace_of(department_id: DepartmentId) -> str:
    """Return how the ids of a department's apps begin: ``linhai.hrss.`` for ``hrss.linhai``."""
    return "".join(f"{part}." for part in reversed(department_id.split(".")))


def owns_app_id(department_id: DepartmentId, app_id: str) -> bool:
    """Tell whether an app id is in a department's namespace: its beginning, and one name more.

    One name, not several: so the namespaces of ``hrss.linhai`` and of ``pension.hrss.linhai`` have no id in common, and
    whose an id is never depends on which departments exist.
    """
    name = app_id.removeprefix(namespace_of(department_id))
    return name != app_id and bool(name) and "." not in name


@dataclass(frozen=True, slots=True)
class Department:
    """One department; its name in every locale."""

    id: DepartmentId
    name: Mapping[Locale, str]

    def check(self) -> None:
        """Go on only if this is a department that can be registered.

        Raises:
            InvalidDepartment: the id is not like ``hrss.linhai``, or a locale's name is missing, empty or too long.
        """
        if not _ID.fullmatch(self.id):
            raise InvalidDepartment(reason="the id is written like hrss.linhai")
        if set(self.name) != set(LOCALES):
            raise InvalidDepartment(reason=f"a name in each of {', '.join(LOCALES)}")
        if not all(0 < len(words.strip()) <= NAME_CHARS_MAX for words in self.name.values()):
            raise InvalidDepartment(reason=f"a name has 1 to {NAME_CHARS_MAX} characters")
