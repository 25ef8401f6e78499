"""Services between departments: what a mini-app offers others, who may use it for whom, and how far a call travels."""

from shimin.exchange.admit import admit
from shimin.exchange.contract import check_value
from shimin.exchange.declare import declare, need_declarations
from shimin.exchange.errors import (
    ServiceChainRefused,
    ServiceDeclarationInvalid,
    ServiceMismatch,
    ServiceNotDeclared,
    ServiceNotOffered,
    ServiceRefused,
    ServiceUnavailable,
)
from shimin.exchange.model import DEPTH_MAX, Export, Import, ServiceName, read_request
from shimin.exchange.rows import find_export
from shimin.exchange.views import SERVICE_IMPORTS

__all__ = [
    "DEPTH_MAX",
    "SERVICE_IMPORTS",
    "Export",
    "Import",
    "ServiceChainRefused",
    "ServiceDeclarationInvalid",
    "ServiceMismatch",
    "ServiceName",
    "ServiceNotDeclared",
    "ServiceNotOffered",
    "ServiceRefused",
    "ServiceUnavailable",
    "admit",
    "check_value",
    "declare",
    "find_export",
    "need_declarations",
    "read_request",
]
