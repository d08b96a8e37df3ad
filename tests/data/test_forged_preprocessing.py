"""No preprocessing is restored from what was never written, and none crashes later."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnctl.data.restoring import restored_preprocessing
from nnctl.errors import DataError
from tests.data.columns import Cells, built
from tests.data.flowers import COLUMNS, Parts, flowers, through_json


def forged_feature(position: int, **claims: Any) -> dict[str, Any]:
    """The metadata's features with other claims about one of them; None takes one away."""
    written = flowers().to_dict()["features"]
    feature = {**written[position], **claims}
    written[position] = {key: value for key, value in feature.items() if value is not None}
    return {"features": written}


def forged_array(name: str, position: int, value: float) -> dict[str, Any]:
    array = flowers().arrays()[name].copy()
    array[position] = value
    return {name: array}


NOT_DESCRIBED = "its feature is not described as nnctl does"
FORGERIES: dict[str, tuple[dict[str, Any], str]] = {
    "no such task": ({"task": "magic"}, "its task must be classification or regression"),
    "a task that is no text": ({"task": ["regression"]}, "its task must be"),
    "the other task": ({"task": "regression"}, "its regression must have no classes"),
    "no features": ({"features": []}, "it names no features"),
    "no targets": ({"targets": []}, "it names no targets"),
    "a feature too many": (
        {"features": [*flowers().to_dict()["features"], {"name": "x", "kind": "numeric"}]},
        r"its feature_fill must have shape \(6,\) \(received \(5,\)\)",
    ),
    "a feature twice": (
        forged_feature(0, name="width"),
        "its features must differ from each other",
    ),
    "a name that is no text": (forged_feature(0, name=2), NOT_DESCRIBED),
    "a feature that is but a name": ({"features": ["length"] * 5}, NOT_DESCRIBED),
    "a feature that is nothing": ({"features": [None] * 5}, NOT_DESCRIBED),
    "a feature without a name": (forged_feature(0, name=None), "missing 1 required positional"),
    "an unknown claim": (forged_feature(0, colour="red"), "unexpected keyword argument 'colour'"),
    "an unknown kind": (forged_feature(0, kind="magic"), "its kind must be numeric or boolean or"),
    "a kind that is a list": (forged_feature(0, kind=["numeric"]), "its kind must be"),
    "an unknown policy": (
        forged_feature(4, unknown="guess"),
        "its unknown must be error or ignore",
    ),
    "an indicator that is a number": (forged_feature(0, indicator=1), NOT_DESCRIBED),
    "a logarithm that is text": (forged_feature(1, logarithm="yes"), NOT_DESCRIBED),
    "a logarithm of categories": (
        forged_feature(4, logarithm=True),
        "its feature 'island' is not numeric and has a logarithm",
    ),
    "an unknown truth ignored": (
        forged_feature(2, unknown="ignore"),
        "its feature 'wild' is not categorical and ignores the unknown",
    ),
    "categories of numbers": (
        forged_feature(0, categories=["a"]),
        "its feature 'length' has the wrong categories",
    ),
    "an order of nothing": (forged_feature(3, categories=[]), "has the wrong categories"),
    "no categories": (forged_feature(4, categories=None), "has the wrong categories"),
    "a category twice": (forged_feature(4, categories=["a", "a"]), "its categories must differ"),
    "a category that is a number": (
        forged_feature(4, categories=["a", 2]),
        "its categories must be a list of names",
    ),
    "text for a list": ({"targets": "species"}, "its targets must be a list of names"),
    "classes that are lists": (
        {"classes": [["x"]]},
        r"its classes must be a list of names \(received \[\['x'\]\]\)",
    ),
    "one class": ({"classes": ["a"]}, r"its classes must be two or more \(received 1\)"),
    "a class twice": ({"classes": ["a", "a"]}, "its classes must differ from each other"),
    "classes beside one-hot targets": (
        {"targets": ["a", "b"], "classes": ["b", "a"]},
        "its classes are not its one-hot targets",
    ),
    "a center too many": ({"feature_center": np.zeros(6)}, "its feature_center must have shape"),
    "a number for a center": ({"feature_center": np.array(1.0)}, "must have shape"),
    "a number for all gaps": ({"feature_fill": np.array(1.0)}, "its feature_fill must have shape"),
    "a table of gaps": ({"feature_fill": np.ones((5, 2))}, "its feature_fill must have shape"),
    "a range too few": ({"feature_lowest": np.zeros(4)}, "its feature_lowest must have shape"),
    "a scaled class": ({"target_center": np.zeros(1)}, "its target_center must have shape"),
    "a center without end": (forged_array("feature_center", 1, np.inf), "must be finite"),
    "a scale that is none": (forged_array("feature_scale", 1, np.nan), "must be finite"),
    "a range without end": (forged_array("feature_highest", 0, np.inf), "must be finite"),
    "a range upside down": (
        forged_array("feature_lowest", 0, 3.5),
        "its feature_lowest is not below its feature_highest",
    ),
    "a gap without end": (forged_array("feature_fill", 0, np.inf), "must not be infinite"),
    "a gap of half a truth": (
        forged_array("feature_fill", 2, 0.5),
        "its feature 'wild' has no code 0.5",
    ),
    "a gap beyond the order": (
        forged_array("feature_fill", 3, 3.0),
        "its feature 'size' has no code 3",
    ),
    "a gap that is no category": (
        forged_array("feature_fill", 4, 2.5),
        "its feature 'island' has no code 2.5",
    ),
    "a gap of no category where that is an error": (
        {**forged_feature(4, unknown=None), **forged_array("feature_fill", 4, -1.0)},
        "its feature 'island' has no code -1",
    ),
    "a gap without a logarithm": (
        forged_array("feature_fill", 1, -1.0),
        "its feature 'width' has no code -1",
    ),
    "a scale of 0": (
        forged_array("feature_scale", 1, 0),
        r"its feature_scale must be greater than 0 \(received 0\)",
    ),
    "a scale below 0": (forged_array("feature_scale", 0, -1.0), "must be greater than 0"),
}


def forged(claims: dict[str, Any]) -> Parts:
    metadata, arrays = through_json(flowers())
    return (
        {name: claims.get(name, value) for name, value in metadata.items()},
        {name: claims.get(name, array) for name, array in arrays.items()},
    )


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_was_never_written_is_not_restored(forgery: str) -> None:
    claims, message = FORGERIES[forgery]
    with pytest.raises((TypeError, ValueError), match=message):
        restored_preprocessing(*forged(claims))


@pytest.mark.parametrize("part", [0, 1])
def test_nothing_may_be_left_out(part: int) -> None:
    for name in through_json(flowers())[part]:
        parts = through_json(flowers())
        del parts[part][name]
        with pytest.raises(KeyError, match=name):
            restored_preprocessing(*parts)


def test_a_regression_is_restored_with_a_scale_for_each_target() -> None:
    metadata, arrays = through_json(flowers("regression"))
    with pytest.raises(ValueError, match="its target_scale must have shape"):
        restored_preprocessing(
            {**metadata, "targets": ["a", "b"]}, {**arrays, "target_center": np.ones(2)}
        )


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
CLAIMS = st.one_of(
    JSON,
    st.sampled_from(["numeric", "boolean", "ordinal", "categorical", "error", "ignore"]),
    st.lists(st.text(max_size=2), max_size=3, unique=True),
)
ARRAYS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.uint8]),
    st.one_of(st.just((5,)), hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=6)),
)


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_a_forgery_is_refused_or_can_be_used(data: st.DataObject) -> None:
    metadata: Any
    metadata, arrays = through_json(flowers())
    target = data.draw(st.sampled_from(["metadata", "feature", "array", "everything"]))
    if target == "metadata":
        metadata[data.draw(st.sampled_from([*metadata]))] = data.draw(CLAIMS)
    elif target == "feature":
        keys = st.sampled_from(["name", "kind", "categories", "indicator", "unknown", "logarithm"])
        feature = metadata["features"][data.draw(st.integers(0, 4))]
        feature.update(data.draw(st.dictionaries(keys, CLAIMS, min_size=1)))
    elif target == "array":
        arrays[data.draw(st.sampled_from([*arrays]))] = data.draw(ARRAYS)
    else:
        metadata = data.draw(JSON)
    try:
        preprocessing = restored_preprocessing(metadata, arrays)
    except (KeyError, TypeError, ValueError):
        return
    other: Cells = [1.0, 0.0, 2.0]
    table = built({name: COLUMNS.get(name, other) for name in preprocessing.feature_names})
    with contextlib.suppress(DataError):
        codes = preprocessing.raw_features(table)
        preprocessing.far_outside(codes)
        inputs = preprocessing.encode(codes, "float32", table)
        assert inputs.shape == (3, preprocessing.n_inputs)
        assert np.isfinite(inputs).all()
