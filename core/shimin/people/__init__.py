"""People: who works for which department and for the platform, each act in the log with the deed."""

from shimin.people.appoint import appoint
from shimin.people.dismiss import dismiss
from shimin.people.errors import DepartmentUnknown
from shimin.people.register_department import register_department

__all__ = ["DepartmentUnknown", "appoint", "dismiss", "register_department"]
