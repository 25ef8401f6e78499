"""Departments: which there are and what they are called, so that a citizen sees who is speaking."""

from shimin.departments.errors import InvalidDepartment
from shimin.departments.facts import DepartmentRegistered
from shimin.departments.is_registered import is_registered
from shimin.departments.model import Department, namespace_of, owns_app_id
from shimin.departments.register import register
from shimin.departments.views import DEPARTMENTS

__all__ = [
    "DEPARTMENTS",
    "Department",
    "DepartmentRegistered",
    "InvalidDepartment",
    "is_registered",
    "namespace_of",
    "owns_app_id",
    "register",
]
