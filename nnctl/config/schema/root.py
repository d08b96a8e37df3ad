"""The whole config, and the JSON Schema by which editors complete and check it."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field, PrivateAttr

from nnctl.config.document import Marks
from nnctl.config.schema.base import Section
from nnctl.config.schema.data import DataConfig
from nnctl.config.schema.generators import Seed
from nnctl.config.schema.losses import Loss
from nnctl.config.schema.model import ModelConfig
from nnctl.config.schema.optimizers import Adam, OptimizerConfig
from nnctl.config.schema.training import (
    Bounds,
    ClassificationMetric,
    ComputeConfig,
    Metric,
    RegressionMetric,
    RegularizationConfig,
    TrainingConfig,
)

SETS = ("train", "validation", "test")
MONITORED = "|".join(("loss", *get_args(ClassificationMetric), *get_args(RegressionMetric)))
RUN_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
RUN_NAME_RULE = "1 to 100 letters, digits, `.`, `_` or `-`, beginning with a letter or a digit"


class Config(Section):
    """All that a training run is made from."""

    name: Annotated[str, Field(pattern=RUN_NAME)] = Field(
        "run", description="The run's name; left out: the file's."
    )
    seed: Seed = Field(0, description="All randomness is derived from it.")
    data: DataConfig = Field(description="The data: files or a generator.")
    model: ModelConfig = Field(ModelConfig(), description="The network.")
    loss: Loss = Field(description="What training makes small.")
    optimizer: OptimizerConfig = Field(Adam(name="adam"), description="How it does so.")
    regularization: RegularizationConfig = Field(
        RegularizationConfig(), description="Penalties on the weights."
    )
    training: TrainingConfig = Field(TrainingConfig(), description="How long, in which portions.")
    metrics: tuple[Metric, ...] | None = Field(
        None, description="What is measured beside the loss; left out, it follows from the task."
    )
    compute: ComputeConfig = Field(ComputeConfig(), description="How the arithmetic is done.")
    expect: dict[str, Bounds] = Field(
        {},
        description="What the trained network must reach: SET_METRIC to {min, max}.",
        json_schema_extra={
            "propertyNames": {"pattern": f"^({'|'.join(SETS)})_({MONITORED})$"},
        },
    )

    _marks: Marks = PrivateAttr(default_factory=Marks)

    @property
    def training_seed(self) -> int:
        """What initial weights, shuffles and dropout are derived from."""
        return self.seed if self.training.seed is None else self.training.seed

    @property
    def marks(self) -> Marks:
        """Where each part was written; empty for a config that no file holds."""
        return self._marks

    def marked(self, marks: Marks) -> Config:
        """Return an equal config that knows where each part was written; copies know it too."""
        marked = self.model_copy(update={"data": self.data.marked(marks)})
        marked._marks = marks
        return marked


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a config file."""
    return json_schema_of(Config, "nnctl config")


def json_schema_of(model: type[Section], title: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a file that a model describes."""
    schema = model.model_json_schema(ref_template="#/definitions/{model}")
    definitions = schema.pop("$defs")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **_draft_7({**schema, "title": title, "definitions": definitions}),
    }


def _draft_7(node: Any) -> Any:
    """Draft 7 ignores what stands beside a `$ref`: put the reference one level down."""
    if isinstance(node, list):
        return [_draft_7(item) for item in node]
    if not isinstance(node, dict):
        return node
    beside = {key: _draft_7(value) for key, value in node.items() if key != "$ref"}
    if "$ref" not in node:
        return beside
    reference = {"$ref": node["$ref"]}
    return {"allOf": [reference], **beside} if beside else reference
