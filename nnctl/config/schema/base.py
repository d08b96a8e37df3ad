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

    # Built when first used: the whole config at once, and not each of its ninety parts before.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    word: ClassVar[str] = "name"
    """The key that a bare word fills where one may stand for the mapping."""


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
    """Lets a word stand for the mapping with one `key`: `adam` is `{name: adam}`.

    With a `default`, a mapping without that key means that choice.
    """

    def __init__(self, key: str = "name", *, default: str | None = None) -> None:
        self.key = key
        self.default = default

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Widen the word before the mapping, or the union of the choices, is asked."""
        return core_schema.no_info_before_validator_function(self.widen, handler(source))

    def widen(self, value: object) -> object:
        """Return the mapping that `value` stands for."""
        if isinstance(value, str):
            return {self.key: value}
        if self.default is not None and isinstance(value, dict):
            return {self.key: self.default, **value}
        return value

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Accept, beside the mappings, the words that need nothing else."""
        choices = handler(schema)
        union = choices.pop("discriminator", None)
        references = union["mapping"].values() if union else [choices["$ref"]]
        bare: list[str] = []
        for reference in references:
            choice = handler.resolve_ref_schema({"$ref": reference})
            words = _words_of(choice["properties"][self.key])
            if set(choice.get("required", ())) <= {self.key}:
                bare += words
            if self.default in words:
                choice["required"] = []
        return {"anyOf": [{"type": "string", "enum": bare}, choices]}


def _words_of(schema: JsonSchemaValue) -> list[str]:
    """Return the words that a JSON Schema allows, beside null if it allows that."""
    choice = schema.get("anyOf", [schema])[0]
    return list(choice.get("enum", [choice.get("const")]))


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
