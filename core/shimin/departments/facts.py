"""What happens to departments."""

from dataclasses import dataclass
from typing import ClassVar

from shimin.kit.fact import Fact


@dataclass(frozen=True, kw_only=True)
class DepartmentRegistered(Fact):
    """A department is new, or has another name."""

    name: ClassVar[str] = "department.registered"
    department_id: str

    @property
    def key(self) -> str:
        """In order per department."""
        return self.department_id
