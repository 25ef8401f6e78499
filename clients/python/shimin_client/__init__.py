"""Typed operations of the reference mobile client: what goes out and what comes back is checked."""

from shimin_client import enums, inputs, operations
from shimin_client.model import Unknown
from shimin_client.operation import Answer, AnswerError, IncompleteAnswerError, Operation

__all__ = ["Answer", "AnswerError", "IncompleteAnswerError", "Operation", "Unknown", "enums", "inputs", "operations"]
