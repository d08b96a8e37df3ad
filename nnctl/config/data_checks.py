"""What may not fit together in the `data` section."""

from __future__ import annotations

from collections.abc import Iterator

from nnctl.config.findings import Finding, repeated, shown
from nnctl.config.pairs import CLASSIFICATION_LOSSES, known_task
from nnctl.config.schema.generators import Linear
from nnctl.config.schema.root import Config


def check_origin(config: Config) -> Iterator[Finding]:
    """Rows are read or made, not both; a file does not say what to predict."""
    data = config.data
    if data.source is None and data.generator is None:
        yield Finding(("data",), "data needs a `source`, which is a CSV file, or a `generator`")
    if data.source is not None and data.generator is not None:
        message = "data has a `source` and a `generator`; keep one of them"
        yield Finding(("data", "generator"), message, at_key=True)
    if data.source is not None and data.target is None:
        yield Finding(("data",), "data needs `target`, the column to predict")
    if data.source is not None and "\0" in data.source:
        yield Finding(("data", "source"), "data.source must be a path, without a NUL character")


def check_columns(config: Config) -> Iterator[Finding]:
    """A column has one part to play."""
    data = config.data
    targets = (data.target,) if isinstance(data.target, str) else data.target or ()
    features = data.features or ()
    for section, columns in (("target", targets), ("features", features)):
        for index in repeated(columns):
            message = f"data.{section} names the column `{columns[index]}` twice"
            yield Finding(("data", section, index), message)
    for index, column in enumerate(features):
        if column in targets:
            message = f"data.features names the target `{column}`; a target is no feature"
            yield Finding(("data", "features", index), message)
    if data.sample_weight in (*targets, *features):
        message = f"data.sample_weight: the column `{data.sample_weight}` is a target or a feature"
        yield Finding(("data", "sample_weight"), message)


def check_reading(config: Config) -> Iterator[Finding]:
    """The encoding must exist, and the delimiter must not be part of CSV's own grammar."""
    data = config.data
    try:
        b"".decode(data.encoding)
        "".encode(data.encoding)
    except (LookupError, ValueError):
        message = (
            f"data.encoding must be the name of a text encoding, such as utf-8, utf-16 or latin-1 "
            f"(received {shown(data.encoding)})"
        )
        yield Finding(("data", "encoding"), message)
    if data.delimiter is not None and (data.delimiter in '"\r\n\0' or data.delimiter.isalnum()):
        message = "data.delimiter must be no letter, digit, quote or line end"
        yield Finding(("data", "delimiter"), f"{message} (received {shown(data.delimiter)})")


def check_generator(config: Config) -> Iterator[Finding]:
    """An interval has two different ends, in order."""
    generator = config.data.generator
    if isinstance(generator, Linear) and generator.low >= generator.high:
        message = (
            f"data.generator.low must be less than `high`, which is {generator.high} "
            f"(received {generator.low})"
        )
        yield Finding(("data", "generator", "low"), message)


def check_shares(config: Config) -> Iterator[Finding]:
    """Some rows must be left to train on."""
    split = config.data.split
    if split.validation + split.test >= 1:
        message = (
            f"data.split: validation {split.validation} and test {split.test} leave no rows to "
            "train on; their sum must be less than 1"
        )
        yield Finding(("data", "split"), message)


def check_task(config: Config) -> Iterator[Finding]:
    """The task, the loss and stratification must speak of the same thing."""
    if config.data.task == "regression" and config.loss.name in CLASSIFICATION_LOSSES:
        message = (
            f"data.task is regression, but {config.loss.name} is a loss for classification; "
            "write `task: classification`, or `loss: mean_squared_error`"
        )
        yield Finding(("data", "task"), message)
    if config.data.split.stratify and known_task(config) == "regression":
        message = "data.split.stratify needs classes, and a regression has none; leave it out"
        yield Finding(("data", "split", "stratify"), message)
