"""What may not fit together in what is said of single columns."""

from __future__ import annotations

from collections.abc import Iterator

from nnctl.config.document import Path, dotted
from nnctl.config.findings import Finding, repeated, shown
from nnctl.config.schema.columns import ColumnConfig, ColumnKind, FillConstant, Missing
from nnctl.config.schema.data import DataConfig
from nnctl.config.schema.root import Config

COLUMNS: Path = ("data", "columns")
# What a column is said to be -> the settings that have a meaning then.
SETTINGS: dict[ColumnKind, tuple[str, ...]] = {
    "numeric": ("scaling", "missing"),
    "categorical": ("missing", "unknown", "max_categories"),
    "boolean": ("missing",),
    "ordinal": ("scaling", "missing", "order"),
    "ignored": (),
}
WITHOUT_NUMBERS = ("categorical", "boolean")  # nothing lies in the middle of their values
OF_WORDS = (*WITHOUT_NUMBERS, "ordinal")
FEWEST_IN_ORDER = 2


def check_parts(config: Config) -> Iterator[Finding]:
    """Only features have settings here; ignored may be whatever is none."""
    data = config.data
    for name in data.columns:
        part = _part_of(data, name)
        if part and data.columns[name].kind != "ignored":
            message = f"data.columns names the {part}; only features have settings here, take"
            yield Finding((*COLUMNS, name), f"{message} it out", at_key=True)
    for index, name in enumerate(data.features or ()):
        if name in data.columns and data.columns[name].kind == "ignored":
            message = f"data.features names `{name}`, which data.columns ignores; take it out of"
            yield Finding(("data", "features", index), f"{message} one of them")


def check_settings(config: Config) -> Iterator[Finding]:
    """A setting has a meaning for the kind of column that it is said of."""
    for path, column in _columns(config):
        kind = column.said_kind
        for setting in column.model_dump(exclude={"kind"}) if kind else ():
            suited = [each for each, settings in SETTINGS.items() if setting in settings]
            if kind not in suited:
                message = (
                    f"{dotted((*path, setting))} is for {_either(suited)} columns, and this one is "
                    f"{kind}; leave it out, or write `kind: {suited[0]}`"
                )
                yield Finding((*path, setting), message, at_key=True)


def check_order(config: Config) -> Iterator[Finding]:
    """An ordinal column has an order, of different values."""
    for path, column in _columns(config):
        order, place = column.order, (*path, "order")
        if column.said_kind != "ordinal":
            continue
        if order is None:
            message = "needs `order`, its values from the lowest to the highest; write"
            yield Finding(path, f"{dotted(path)} {message} `{{kind: ordinal, order: [low, high]}}`")
            continue
        if len(order) < FEWEST_IN_ORDER:
            message = f"must have at least {FEWEST_IN_ORDER} values (received {len(order)})"
            yield Finding(place, f"{dotted(place)} {message}")
        for index in repeated(order):
            message = f"{dotted(place)} has the value `{order[index]}` twice"
            yield Finding((*place, index), message)


def check_indicators(config: Config) -> Iterator[Finding]:
    """Where a gap is refused there is none to be pointed out."""
    said: list[tuple[Path, Missing | None]] = [(("data",), config.data.missing)]
    said += [(path, column.missing) for path, column in _columns(config)]
    for holder, missing in said:
        path = (*holder, "missing", "indicator")
        if missing is not None and missing.name == "error" and missing.indicator:
            message = f"{dotted(path)} is for gaps that are filled, and error refuses them"
            yield Finding(path, f"{message}; write `name: most_frequent`, or leave it out")


def check_fillings(config: Config) -> Iterator[Finding]:
    """What fills a gap is a value that the column could have."""
    for holder, column in _columns(config):
        path, missing, kind = (*holder, "missing"), column.missing, column.said_kind
        if missing is not None and missing.name in ("mean", "median") and kind in WITHOUT_NUMBERS:
            message = f"a {kind} column has no {missing.name}; write `missing: most_frequent`"
            yield Finding(path, f"{dotted(path)}: {message}")
        if isinstance(missing, FillConstant):
            yield from _check_constant((*path, "value"), missing.value, column)


def _columns(config: Config) -> Iterator[tuple[Path, ColumnConfig]]:
    for name, column in config.data.columns.items():
        yield (*COLUMNS, name), column


def _part_of(data: DataConfig, name: str) -> str | None:
    """Say what a column is instead of a feature."""
    parts = {"target": data.targets, "sample weight": (data.sample_weight,), "group": (data.group,)}
    return next((f"{part} `{name}`" for part, names in parts.items() if name in names), None)


def _either(kinds: list[ColumnKind]) -> str:
    return " and ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds)


def _check_constant(path: Path, value: float | str, column: ColumnConfig) -> Iterator[Finding]:
    kind = column.said_kind
    if kind == "numeric" and isinstance(value, str):
        message = f"{dotted(path)} must be a number, for a numeric column"
        yield Finding(path, f"{message} (received {shown(value)})")
    if kind in OF_WORDS and not isinstance(value, str):
        message = f"{dotted(path)} must be text, for this column is {kind} (received {value:g})"
        yield Finding(path, f"{message}; put it in quotes")
    elif kind == "ordinal" and column.order is not None and value not in column.order:
        message = f"{dotted(path)} must be one of {', '.join(column.order)}, as in `order`"
        yield Finding(path, f"{message} (received {shown(value)})")
