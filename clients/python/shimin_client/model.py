"""What all models share: names as Python writes them, answers of a newer server still read."""

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PlainSerializer
from pydantic.alias_generators import to_camel

MinorUnits = Annotated[int, PlainSerializer(str, return_type=str)]
"""Whole minor units of a currency (fen for CNY): an integer here, a decimal string on the wire."""
OPEN = Field(union_mode="left_to_right")
"""Marks an enum in an answer: a value that the schema got later is kept as the text that came."""


class Model(BaseModel):
    """An object of the schema; its attributes are in snake case here and in camel case on the wire."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Unknown(Model):
    """A type that the schema got after this client was written; what came of it is in ``model_extra``."""

    model_config = ConfigDict(extra="allow")

    typename: str = Field(alias="__typename")


def by_typename(*models: type[Model]) -> Discriminator:
    """Choose the model that names the ``__typename`` which came, or ``Unknown`` where none does."""
    tags = {
        typename: model.__name__ for model in models for typename in get_args(model.model_fields["typename"].annotation)
    }

    def tag(value: Any) -> str:
        found = value.get("__typename") if isinstance(value, dict) else getattr(value, "typename", None)
        return tags.get(found, Unknown.__name__)

    return Discriminator(tag)
