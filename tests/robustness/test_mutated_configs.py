"""One field of a config that works is changed: training ends with a code that says so."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from nnctl.config.document import value_at
from tests.cli.commands import DATASETS, ROOT, Outcome, nnctl
from tests.robustness.mutations import (
    ANYTHING,
    DIVERGED,
    MISSED,
    MUTATIONS,
    TRAINED,
    Place,
    fields,
    mutate,
    value,
)
from tests.robustness.searching import fresh_directory, search

MOST_SAMPLES, MOST_UNITS = 60, 6
EPOCHS = ("training", "epochs")
ENDLESS = ("a huge integer", "an integer of 401 digits")  # for a number of epochs


def small(path: Path) -> dict[str, Any]:
    """Read a shipped config; make it train an epoch of few rows with few units."""
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    data = config["data"]
    if "source" in data:
        data["source"] = str(DATASETS / Path(data["source"]).name)
    if "samples" in data.get("generator", {}):
        data["generator"]["samples"] = min(data["generator"]["samples"], MOST_SAMPLES)
    for layer in config.get("model", {}).get("hidden", []):
        layer["units"] = min(layer["units"], MOST_UNITS)
    config["training"]["epochs"] = 1
    return config


CONFIGS = {path.stem: small(path) for path in sorted((ROOT / "configs").glob("*.yaml"))}
FIELDS = [(name, path) for name, config in CONFIGS.items() for path in fields(config)]
TEXTS = [(name, path) for name, path in FIELDS if isinstance(value_at(CONFIGS[name], path), str)]
WORDS = sorted({value_at(CONFIGS[name], path) for name, path in TEXTS})


def outcome(config: dict[str, Any], *options: str) -> Outcome:
    """Train a config in an empty directory; whatever is refused leaves nothing there."""
    with fresh_directory() as directory:
        text = yaml.safe_dump(config, allow_unicode=True)
        Path("run.yaml").write_text(text, encoding="utf-8")
        ended = nnctl("train", "run.yaml", "--no-plots", *options)
        runs = directory / "runs"
        assert runs.exists() == (ended.code in (TRAINED, DIVERGED, MISSED))
    assert "Traceback" not in ended.err
    assert ended.code == TRAINED or ended.err.splitlines()[-1].startswith("error: ")
    return ended


def options_of(path: Place) -> tuple[str, ...]:
    """Hold the training to an epoch, unless this is what was changed."""
    return () if path == EPOCHS else ("--set", "training.epochs=1")


def test_there_are_fields_to_change() -> None:
    assert len(CONFIGS) >= 20
    assert len(FIELDS) >= 400
    assert len(TEXTS) >= 150


def test_every_config_works_before_it_is_changed() -> None:
    codes = Counter(outcome(config).code for config in CONFIGS.values())
    assert set(codes) == {TRAINED, MISSED}


@search(300)
@given(st.sampled_from(FIELDS), st.sampled_from(sorted(MUTATIONS)))
def test_a_changed_field_ends_with_a_code_that_says_so(
    field: tuple[str, Place], mutation: str
) -> None:
    name, path = field
    config = copy.deepcopy(CONFIGS[name])
    allowed = mutate(config, path, MUTATIONS[mutation])
    if path == EPOCHS and mutation in ENDLESS:
        return
    assert outcome(config, *options_of(path)).code in allowed


@search(100)
@given(st.sampled_from(TEXTS), st.sampled_from(WORDS))
def test_a_word_from_elsewhere_ends_with_a_code_that_says_so(
    field: tuple[str, Place], word: str
) -> None:
    name, path = field
    config = copy.deepcopy(CONFIGS[name])
    mutate(config, path, value(word))
    assert outcome(config, *options_of(path)).code in ANYTHING
