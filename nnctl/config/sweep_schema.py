"""The file of a sweep: which keys of a config vary, over what, and how the trials are chosen."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from nnctl.config.schema.base import (
    Count,
    Integer,
    Number,
    Other,
    PositiveNumber,
    Section,
    Word,
    word_or_other,
)
from nnctl.config.schema.generators import Seed
from nnctl.config.schema.root import RUN_NAME, json_schema_of

MOST_TRIALS = 10_000
MOST_WORKERS = 1024
Search = Literal["grid", "random", "tpe", "cma_es"]
Pruner = Literal["median", "asha", "hyperband"]
TrialCount = Annotated[Count, Field(le=MOST_TRIALS)]
WorkerCount = Annotated[Count, Field(le=MOST_WORKERS)]
# Workers of this machine, or of a Dask scheduler: its address, or a file that it wrote.
DASK = "dask:"
WORKERS = rf"^(auto|{DASK}//([^/:\s\[\]]+|\[[^/\s\]]+\]):[0-9]{{1,5}}|{DASK}/?[^/].*)$"
SCHEDULER_FILE = re.compile(f"{DASK}(?!//)")  # how such a file is named, and no address
Workers = Annotated[
    Annotated[str, Field(pattern=WORKERS), Word] | Annotated[WorkerCount, Other], word_or_other
]


class ParameterConfig(Section):
    """What the values of one key are taken from: exactly one of the first four."""

    choice: tuple[Any, ...] | None = Field(None, description="One of these values.")
    uniform: tuple[Number, ...] | None = Field(
        None, description="[LOW, HIGH]: a number between them."
    )
    log_uniform: tuple[Number, ...] | None = Field(
        None, description="[LOW, HIGH]: a number between them whose logarithm is uniform."
    )
    int: tuple[Integer, ...] | None = Field(
        None, description="[LOW, HIGH]: an integer between them, both included."
    )
    step: PositiveNumber | None = Field(
        None, description="The distance between neighbouring values, of `int` and `uniform`."
    )
    points: TrialCount | None = Field(
        None, description="How many values a grid takes of `uniform` or `log_uniform`."
    )


class SweepConfig(Section):
    """All that a sweep is made from."""

    name: Annotated[str, Field(pattern=RUN_NAME)] = Field(
        "sweep", description="The directory's name, to which -sweep is added; left out: the file's."
    )
    base: Annotated[str, Field(min_length=1)] = Field(
        description="The config that all trials share, relative to this file."
    )
    set: dict[str, Any] = Field(
        {}, description="Keys that all trials have otherwise than the config, dotted, to values."
    )
    seed: Seed = Field(0, description="The choice of the trials is derived from it.")
    search: Search = Field("random", description="How the trials are chosen.")
    trials: TrialCount | None = Field(
        None, description="How many trials there are; a grid has one for each combination."
    )
    optimize: str | None = Field(
        None, description="SET_METRIC; left out: what the config's best epoch is chosen by."
    )
    pruner: Pruner | None = Field(
        None, description="How Optuna ends trials early that do badly; left out: it ends none."
    )
    workers: Workers = Field(
        "auto",
        description="Processes; auto: one for each processor; or dask://HOST:PORT, dask:FILE.json.",
    )
    parameters: dict[str, ParameterConfig] = Field(
        description="Any keys of the config, dotted as --set takes them, to their values."
    )


def sweep_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a sweep's file."""
    return json_schema_of(SweepConfig, "nnctl sweep")
