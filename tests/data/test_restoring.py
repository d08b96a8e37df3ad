"""A preprocessing is restored exactly from what a checkpoint keeps of it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnctl.config.schema.columns import Unknown
from nnctl.config.schema.data import Task
from nnctl.data.features import Feature, FeatureKind
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.restoring import restored_preprocessing
from nnctl.data.scaling import Scaler
from tests.data.columns import Cells, built
from tests.data.flowers import COLUMNS, flowers, through_json

NAMES = st.text(min_size=1, max_size=4)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


def names(at_least: int, at_most: int = 4) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(NAMES, min_size=at_least, max_size=at_most, unique=True).map(tuple)


@st.composite
def features(draw: st.DrawFn) -> tuple[Feature, float]:
    """A feature of any kind, and the code that fills its gaps."""
    kind = draw(st.sampled_from(get_args(FeatureKind)))
    has_categories = kind in ("ordinal", "categorical")
    categories = draw(names(1)) if has_categories else ()
    logarithm = kind == "numeric" and draw(st.booleans())
    numbers = FINITE.filter(lambda fill: fill > -1) if logarithm else FINITE
    codes = st.integers(0, len(categories) - 1 if has_categories else 1).map(float)
    fill = draw(st.one_of(st.just(np.nan), numbers if kind == "numeric" else codes))
    unknown: Unknown = "error"
    if kind == "categorical":
        unknown = draw(st.sampled_from(get_args(Unknown)))
    name = draw(NAMES)
    return Feature(name, kind, categories, draw(st.booleans()), unknown, logarithm), fill


def scalers(size: int) -> st.SearchStrategy[Scaler]:
    center, scale = (hnp.arrays(np.float64, size, elements=each) for each in (FINITE, POSITIVE))
    return st.builds(Scaler, center, scale)


@st.composite
def preprocessings(draw: st.DrawFn) -> Preprocessing:
    """Anything that fitting might give, and more."""
    task = draw(st.sampled_from(get_args(Task)))
    targets = draw(names(1))
    classes: tuple[str, ...] = ()
    if task == "classification":
        classes = targets if len(targets) > 1 else draw(names(2))
    coded = draw(st.lists(features(), min_size=1, max_size=4, unique_by=lambda pair: pair[0].name))
    ranges = np.sort(draw(hnp.arrays(np.float64, (2, len(coded)), elements=FINITE)), axis=0)
    return Preprocessing(
        task,
        targets,
        classes,
        tuple(feature for feature, _ in coded),
        np.array([fill for _, fill in coded]),
        draw(scalers(len(coded))),
        ranges[0],
        ranges[1],
        draw(scalers(len(targets) if task == "regression" else 0)),
    )


@settings(deadline=None)
@given(preprocessings())
def test_preprocessing_restores_exactly(preprocessing: Preprocessing) -> None:
    restored = restored_preprocessing(*through_json(preprocessing))
    assert restored.task == preprocessing.task
    assert (restored.targets, restored.classes) == (preprocessing.targets, preprocessing.classes)
    assert restored.features == preprocessing.features
    assert restored.input_names == preprocessing.input_names
    assert {*restored.arrays()} == {*preprocessing.arrays()}
    for name, array in preprocessing.arrays().items():
        assert restored.arrays()[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_restored_preprocessing_transforms_to_the_same_bytes(task: str) -> None:
    preprocessing = flowers(task)
    restored = restored_preprocessing(*through_json(preprocessing))
    species: Cells = [1.0, 2.0, 3.0] if task == "regression" else ["y", "x", "y"]
    table = built({**COLUMNS, "species": species})
    for transform in ("transform_features", "transform_targets"):
        first, second = (
            getattr(one, transform)(table, "float32") for one in (preprocessing, restored)
        )
        assert first.tobytes() == second.tobytes()
    outputs = np.array([[0.1]])
    if task == "regression":
        assert restored.inverse_targets(outputs).tolist() == [[4.2]]
