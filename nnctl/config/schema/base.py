"""What every section of a config is made of: strict scalars, and choices that are made by name."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, GetCoreSchemaHandler, Tag
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

# Lax mode would take `true` and "8" for a number; strict mode takes an integer for a float.
Integer = Annotated[int, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
Natural = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
PositiveNumber = Annotated[Number, Field(gt=0)]
NonNegativeNumber = Annotated[Number, Field(ge=0)]
Fraction = Annotated[Number, Field(ge=0, lt=1)]  # a share that never is the whole
Boolean = Annotated[bool, Field(strict=True)]
ColumnName = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A mapping of a config: immutable, and no key beside its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Named(Section):
    """One choice among several; its `name` says which."""

    shared: ClassVar[frozenset[str]] = frozenset({"name"})
    """The fields that are no parameters of the function that the name stands for."""

    name: str

    def parameters(self) -> dict[str, Any]:
        """Return the fields that belong to this choice alone, ready to be keyword arguments."""
        fields = type(self).model_fields
        return {field: getattr(self, field) for field in fields if field not in self.shared}


class BareName:
    """Lets `adam` stand for `{name: adam}` where a named choice is expected.

    With a `default`, a mapping that says no name means that choice.
    """

    def __init__(self, default: str | None = None) -> None:
        self.default = default

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Widen the name before the union of the choices is asked."""
        return core_schema.no_info_before_validator_function(self.widen, handler(source))

    def widen(self, value: object) -> object:
        """Return the mapping that `value` stands for."""
        if isinstance(value, str):
            return {"name": value}
        if self.default is not None and isinstance(value, dict):
            return {"name": self.default, **value}
        return value

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Accept, beside the mappings, the names that need no parameter."""
        choices = handler(schema)
        mapping = choices.pop("discriminator")["mapping"]
        resolved = {
            name: handler.resolve_ref_schema({"$ref": reference})
            for name, reference in mapping.items()
        }
        bare = [name for name, choice in resolved.items() if choice["required"] == ["name"]]
        if self.default is not None:
            resolved[self.default]["required"] = []
        return {"anyOf": [{"type": "string", "enum": bare}, choices]}


def by_name() -> Any:
    """Return the field that tells the members of a union of `Named` models apart."""
    return Field(discriminator="name")


# Tags of unions that are told apart by the kind of value; no key of a config looks like these.
WORD = "(word)"
OTHER = "(other)"


def _word_or_other(value: object) -> str:
    return WORD if isinstance(value, str) else OTHER


Word = Tag(WORD)
Other = Tag(OTHER)
word_or_other = Discriminator(_word_or_other)
