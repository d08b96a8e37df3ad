"""What may not fit together in the `data` section, single columns aside."""

from __future__ import annotations

from collections.abc import Iterator

from nnctl.config.findings import Finding, repeated, shown
from nnctl.config.pairs import CLASSIFICATION_LOSSES, known_task
from nnctl.config.schema.data import HELD_OUT_SETS, LABEL, PATH_KEYS
from nnctl.config.schema.generators import GaussianQuantiles, Linear
from nnctl.config.schema.root import Config

USUAL_QUOTE = '"'  # is never a delimiter or a decimal
NO_QUOTES = "+- \t\r\n\0"
MOST_GENERATED = 100_000_000  # numbers, which take 0.8 GB, and a few times as much in passing


def check_origin(config: Config) -> Iterator[Finding]:
    """Rows are read or made, not both; a file does not say what to predict."""
    data = config.data
    if data.source is None and data.generator is None:
        yield Finding(("data",), "data needs a `source`, which is a file, or a `generator`")
    if data.source is not None and data.generator is not None:
        message = "data has a `source` and a `generator`; keep one of them"
        yield Finding(("data", "generator"), message, at_key=True)
    if data.source is not None and data.target is None and data.labels is None:
        yield Finding(("data",), "data needs `target`, the column to predict")
    if data.labels is not None and data.target not in (None, LABEL, (LABEL,)):
        message = f"data.target must be {LABEL}, the column that the file of `labels` becomes"
        yield Finding(("data", "target"), f"{message}; leave one of them out")


def check_files(config: Config) -> Iterator[Finding]:
    """A path can be opened, and a file belongs to rows that are read."""
    data = config.data
    for key in PATH_KEYS:
        path: str | None = getattr(data, key)
        if path is not None and "\0" in path:
            message = f"data.{key} must be a path, without a NUL character"
            yield Finding(("data", key), message)
        if path is not None and data.generator is not None and key != "source":
            message = f"data.{key} is a file, and all rows are made by the `generator`; keep"
            yield Finding(("data", key), f"{message} one of them", at_key=True)


def check_sets(config: Config) -> Iterator[Finding]:
    """The rows for validation, or for the test, come from one place."""
    data = config.data
    for key in HELD_OUT_SETS:
        share: float = getattr(data.split, key)
        if share > 0 and getattr(data, f"{key}_source") is not None:
            message = (
                f"data.{key}_source holds the {key} rows, and data.split.{key} takes {share:g} of "
                "the others as well; keep one of them"
            )
            yield Finding(("data", f"{key}_source"), message, at_key=True)
        labels, source = (getattr(data, f"{key}_{part}") for part in ("labels", "source"))
        if labels is not None and source is None:
            message = f"data.{key}_labels needs data.{key}_source, the rows that they are of"
            yield Finding(("data", f"{key}_labels"), message, at_key=True)


def check_columns(config: Config) -> Iterator[Finding]:
    """A column has one part to play."""
    data = config.data
    targets, features = data.targets, data.features or ()
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
    parts = {"target": targets, "features": features, "sample_weight": (data.sample_weight,)}
    for section, names in parts.items():
        if data.group is not None and data.group in names:
            message = f"data.group: the column `{data.group}` stands in data.{section} already"
            yield Finding(("data", "group"), f"{message}; a group plays no other part")


def check_encoding(config: Config) -> Iterator[Finding]:
    """The encoding must exist."""
    encoding = config.data.encoding
    try:
        b"".decode(encoding)
        "".encode(encoding)
    except (LookupError, ValueError):
        message = (
            f"data.encoding must be the name of a text encoding, such as utf-8, utf-16 or latin-1 "
            f"(received {shown(encoding)})"
        )
        yield Finding(("data", "encoding"), message)


def check_signs(config: Config) -> Iterator[Finding]:
    """What cuts a line into cells, and what encloses one, is no part of a cell."""
    data = config.data
    delimiter, quote = data.delimiter, data.quote
    if delimiter is not None and (delimiter in '"\r\n\0' or delimiter.isalnum()):
        message = "data.delimiter must be no letter, digit, quote or line end"
        yield Finding(("data", "delimiter"), f"{message} (received {shown(delimiter)})")
    if delimiter == data.decimal:
        message = "data.delimiter must differ from data.decimal"
        remedy = 'write `delimiter: ";"`' if delimiter == "," else 'write `decimal: ","`'
        yield Finding(("data", "delimiter"), f"{message} (received {shown(delimiter)}); {remedy}")
    if quote is None or quote == USUAL_QUOTE:
        return
    if quote in NO_QUOTES or quote.isalnum() or quote in (delimiter, data.decimal):
        message = (
            "data.quote must be no letter, digit, sign, space or line end, and neither the "
            f"delimiter nor the decimal (received {shown(quote)}); write `quote: null` where "
            "nothing is quoted"
        )
        yield Finding(("data", "quote"), message)


def check_generator(config: Config) -> Iterator[Finding]:
    """An interval has two different ends, in order."""
    generator = config.data.generator
    if isinstance(generator, Linear) and generator.low >= generator.high:
        message = (
            f"data.generator.low must be less than `high`, which is {generator.high} "
            f"(received {generator.low})"
        )
        yield Finding(("data", "generator", "low"), message)


def check_generated_size(config: Config) -> Iterator[Finding]:
    """What is made must fit into memory."""
    generator = config.data.generator
    if generator is None:
        return
    features, remedy = 2, "fewer `samples`"
    if isinstance(generator, GaussianQuantiles):
        features, remedy = generator.features, "fewer `samples` or `features`"
    numbers = generator.samples * (features + 1)
    if numbers > MOST_GENERATED:
        message = (
            f"data.generator makes {shown(numbers)} numbers, and may make {MOST_GENERATED}; "
            f"write {remedy}"
        )
        yield Finding(("data", "generator"), message)


def check_shares(config: Config) -> Iterator[Finding]:
    """Some rows must be left to train on."""
    split = config.data.split
    if split.validation + split.test >= 1:
        message = (
            f"data.split: validation {split.validation} and test {split.test} leave no rows to "
            "train on; their sum must be less than 1"
        )
        yield Finding(("data", "split"), message)


def check_group(config: Config) -> Iterator[Finding]:
    """Whole groups are kept together, whatever their classes."""
    if config.data.group is not None and config.data.split.stratify:
        message = "data.split.stratify: whole groups cannot keep the classes' shares; leave out"
        yield Finding(("data", "split", "stratify"), f"{message} `stratify`, or `group`")


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
