"""Departments: who is speaking."""

import strawberry

from shimin import departments
from shimin.db import InLanguage
from shimin_graphql.types.access import HOLDER, object_type
from shimin_graphql.types.rows import rows, value


@rows(departments.DEPARTMENTS)
@object_type(allow=HOLDER, description="A department of the government.")
class Department:
    """A department on the wire."""

    id: strawberry.ID
    name: str = value(InLanguage("name", otherwise="id"), description="In the caller's language.")
