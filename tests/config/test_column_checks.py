from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from nnctl.config import load_config
from nnctl.config.column_checks import SETTINGS
from nnctl.config.schema import ColumnConfig
from nnctl.config.schema.columns import ColumnKind
from nnctl.errors import ConfigError
from tests.config.examples import write

TABLE = "source: a.csv, target: y"
# What follows the source and the target -> all that is wrong with it.
MISFITS: dict[str, list[str]] = {
    "columns: {x: numeric, y: numeric}": [
        "1:56: data.columns names the target `y`; only features have settings here, take it out",
    ],
    "sample_weight: w, group: g,\n columns: {w: numeric, g: categorical}": [
        "2:12: data.columns names the sample weight `w`; only features have settings here, "
        "take it out",
        "2:24: data.columns names the group `g`; only features have settings here, take it out",
    ],
    "features: [a, b], columns: {b: ignored}": [
        "1:48: data.features names `b`, which data.columns ignores; take it out of one of them",
    ],
    "columns: {a: {kind: ignored, scaling: log, missing: mean}}": [
        "1:63: data.columns.a.scaling is for numeric and ordinal columns, and this one is "
        "ignored; leave it out, or write `kind: numeric`",
        "1:77: data.columns.a.missing is for numeric, categorical, boolean and ordinal columns, "
        "and this one is ignored; leave it out, or write `kind: numeric`",
    ],
    "columns: {a: {kind: numeric, order: [b]}}": [
        "1:63: data.columns.a.order is for ordinal columns, and this one is numeric; "
        "leave it out, or write `kind: ordinal`",
    ],
    "columns: {a: {order: [b, c], unknown: error}}": [
        "1:63: data.columns.a.unknown is for categorical columns, and this one is ordinal; "
        "leave it out, or write `kind: categorical`",
    ],
    "columns: {a: ordinal}": [
        "1:47: data.columns.a needs `order`, its values from the lowest to the highest; "
        "write `{kind: ordinal, order: [low, high]}`",
    ],
    "columns: {a: {order: [b]}}": [
        "1:55: data.columns.a.order must have at least 2 values (received 1)",
    ],
    "columns: {a: {kind: ordinal, order: [b, c, b, c]}}": [
        "1:77: data.columns.a.order has the value `b` twice",
        "1:80: data.columns.a.order has the value `c` twice",
    ],
    "missing: {name: error, indicator: true}": [
        "1:68: data.missing.indicator is for gaps that are filled, and error refuses them; "
        "write `name: most_frequent`, or leave it out",
    ],
    "columns: {a: {missing: {name: error, indicator: true}}}": [
        "1:82: data.columns.a.missing.indicator is for gaps that are filled, and error refuses "
        "them; write `name: most_frequent`, or leave it out",
    ],
    "columns: {a: {kind: boolean, missing: {name: mean, indicator: true}}}": [
        "1:72: data.columns.a.missing: a boolean column has no mean; "
        "write `missing: most_frequent`",
    ],
    "columns: {a: {kind: categorical, missing: median}}": [
        "1:76: data.columns.a.missing: a categorical column has no median; "
        "write `missing: most_frequent`",
    ],
    "columns: {a: {kind: numeric, missing: {name: constant, value: x}}}": [
        '1:96: data.columns.a.missing.value must be a number, for a numeric column (received "x")',
    ],
    "columns: {a: {kind: categorical, missing: {name: constant, value: 3}}}": [
        "1:100: data.columns.a.missing.value must be text, for this column is categorical "
        "(received 3); put it in quotes",
    ],
    "columns: {a: {kind: boolean, missing: {name: constant, value: 0}}}": [
        "1:96: data.columns.a.missing.value must be text, for this column is boolean "
        "(received 0); put it in quotes",
    ],
    "columns: {a: {order: [b, c], missing: {name: constant, value: d}}}": [
        '1:96: data.columns.a.missing.value must be one of b, c, as in `order` (received "d")',
    ],
    'columns: {a: {order: ["1", "2"], missing: {name: constant, value: 1}}}': [
        "1:100: data.columns.a.missing.value must be text, for this column is ordinal "
        "(received 1); put it in quotes",
    ],
}
FITS = [
    "columns: {}",
    "columns: {a: numeric, b: categorical, c: boolean, d: ignored, e: {order: [x, y]}, f: {}}",
    "columns: {a: {scaling: log}, b: {unknown: ignore}, c: {max_categories: 3}}",
    "columns: {a: {missing: mean}, b: {missing: {name: constant, value: x, indicator: true}}}",
    "columns: {a: {order: [x, y], missing: median}, b: {order: [x, y], missing: mean}}",
    "columns: {a: {order: [x, y], missing: {name: constant, value: y}}}",
    "columns: {a: {kind: categorical, missing: {name: constant, value: none}}}",
    "columns: {a: {kind: numeric, missing: {name: constant, value: -1}}}",
    "features: [a], columns: {b: ignored, c: numeric}",
    "missing: mean, columns: {a: categorical, b: boolean}",
]


@pytest.mark.parametrize("text", MISFITS)
def test_what_does_not_fit_a_column_is_said_in_one_line_each(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"data: {{{TABLE}, {text}}}\nloss: huber\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).splitlines() == [f"{path}:{message}" for message in MISFITS[text]]


@pytest.mark.parametrize("text", FITS)
def test_what_fits_a_column_is_accepted(tmp_path: Path, text: str) -> None:
    load_config(write(tmp_path, f"data: {{{TABLE}, {text}}}\nloss: huber\n"))


def test_every_kind_has_its_settings_and_every_setting_a_kind() -> None:
    assert set(SETTINGS) == set(get_args(ColumnKind))
    suited = {setting for settings in SETTINGS.values() for setting in settings}
    assert suited == set(ColumnConfig.model_fields) - {"kind"}
