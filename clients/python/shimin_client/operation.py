"""An operation as a client sends it and reads it; how it travels is left to the application."""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import AliasPath, BaseModel, ConfigDict, Field, JsonValue

from shimin_client.model import Model

VariablesT = TypeVar("VariablesT", bound=Model)
DataT = TypeVar("DataT", bound=Model)


class AnswerError(BaseModel):
    """One error of an answer: words for the person, and a stable code to decide by."""

    model_config = ConfigDict(frozen=True)

    message: str
    code: str | None = Field(None, validation_alias=AliasPath("extensions", "code"))
    params: dict[str, JsonValue] = Field(default_factory=dict, validation_alias=AliasPath("extensions", "params"))
    retryable: bool = Field(default=False, validation_alias=AliasPath("extensions", "retryable"))
    """The same request may succeed later, without change."""
    path: tuple[str | int, ...] = ()


class _Response(BaseModel):
    data: dict[str, JsonValue] | None = None
    errors: tuple[AnswerError, ...] = ()


class IncompleteAnswerError(Exception):
    """The answer is not all that was asked for; ``errors`` says why."""

    def __init__(self, errors: tuple[AnswerError, ...]) -> None:
        """Keep the errors; the first one speaks for them."""
        super().__init__(errors[0].message if errors else "the answer has no data")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Answer(Generic[DataT]):
    """What came back: data, errors, or both where only a part failed."""

    data: DataT | None
    errors: tuple[AnswerError, ...]

    def whole(self) -> DataT:
        """Return the data where nothing failed.

        Raises:
            IncompleteAnswerError: there is an error, or no data.
        """
        if self.errors or self.data is None:
            raise IncompleteAnswerError(self.errors)
        return self.data


@dataclass(frozen=True, slots=True)
class Operation(Generic[VariablesT, DataT]):
    """A document that the platform trusts, called by its hash."""

    name: str
    kind: Literal["query", "mutation", "subscription"]
    document_id: str
    variables: type[VariablesT]
    data: type[DataT]

    def request(self, variables: VariablesT) -> dict[str, Any]:
        """Return the body to POST as JSON; what was not given is left to the server's defaults."""
        told = variables.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {"documentId": self.document_id, "variables": told}

    def read(self, response: bytes | str) -> Answer[DataT]:
        """Return the answer in the body of a response, or in the data of one server-sent event.

        Raises:
            pydantic.ValidationError: it is no answer to this operation.
        """
        came = _Response.model_validate_json(response)
        return Answer(None if came.data is None else self.data.model_validate(came.data), came.errors)
