"""Connectors: departments' own services, asked by the core for mini-apps that see neither address nor secret."""

from shimin.connectors.clear_secret import clear_secret
from shimin.connectors.declare import check_declared, declare
from shimin.connectors.errors import ConnectorInvalid, ConnectorNotAvailable, ConnectorSecretInvalid
from shimin.connectors.facts import ConnectorSecretCleared, ConnectorSecretSet
from shimin.connectors.fetch import Fetch, fetch
from shimin.connectors.model import CallRecord, Connector, DeclaredConnector, SetSecret, connector_id
from shimin.connectors.prune_calls import prune_calls
from shimin.connectors.record_calls import record_calls
from shimin.connectors.request import READS, Request, read_request
from shimin.connectors.reseal import reseal
from shimin.connectors.rows import all_connectors
from shimin.connectors.set_secret import set_secret
from shimin.connectors.views import CONNECTOR_CALLS, CONNECTORS

__all__ = [
    "CONNECTORS",
    "CONNECTOR_CALLS",
    "READS",
    "CallRecord",
    "Connector",
    "ConnectorInvalid",
    "ConnectorNotAvailable",
    "ConnectorSecretCleared",
    "ConnectorSecretInvalid",
    "ConnectorSecretSet",
    "DeclaredConnector",
    "Fetch",
    "Request",
    "SetSecret",
    "all_connectors",
    "check_declared",
    "clear_secret",
    "connector_id",
    "declare",
    "fetch",
    "prune_calls",
    "read_request",
    "record_calls",
    "reseal",
    "set_secret",
]
