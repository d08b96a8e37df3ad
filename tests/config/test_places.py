from __future__ import annotations

from nnctl.config.places import choice_names, homes, locate, name_of, word_of
from nnctl.config.schema import Bounds, ColumnConfig, LayerConfig, SplitConfig
from nnctl.config.schema.activations import Elu, LeakyRelu
from nnctl.config.schema.base import OTHER
from nnctl.config.schema.columns import FillConstant
from nnctl.config.schema.model import Normalization


def test_the_tags_of_unions_are_left_out_of_a_path() -> None:
    place = locate(("model", "hidden", 1, "activation", "leaky_relu", "slope"))
    assert place.path == ("model", "hidden", 1, "activation", "slope")
    assert place.models == (LeakyRelu,)
    assert Elu in place.siblings


def test_a_key_that_is_called_like_a_choice_is_no_tag() -> None:
    assert locate(("training", "class_weight", OTHER, "adam")).path[-1] == "adam"


def test_a_key_that_the_user_made_up_is_no_field() -> None:
    for name in ("test_loss", "min"):
        place = locate(("expect", name, "name"))
        assert place.path == ("expect", name, "name")
        assert place.models == (Bounds,)
    assert locate(("expect", "min", "min")).entries == ()


def test_a_place_knows_the_models_at_its_end() -> None:
    assert locate(("data", "split")).entries == (SplitConfig,)
    assert locate(("model", "hidden", 0)).entries == (LayerConfig,)
    assert locate(()).path == ()


def test_a_column_may_be_called_like_a_setting_or_a_choice() -> None:
    for name in ("missing", "mean", "kind", "source"):
        place = locate(("data", "columns", name, "missing", "constant", "value"))
        assert place.path == ("data", "columns", name, "missing", "value")
        assert place.models == (FillConstant,)


def test_a_bare_word_fills_the_kind_of_a_column_and_the_name_of_anything_else() -> None:
    assert locate(("data", "columns", "kind")).entries == (ColumnConfig,)
    assert word_of(locate(("data", "columns", "kind")).entries) == "kind"
    assert word_of(locate(("data", "columns", "kind", "missing")).entries) == "name"
    assert word_of(()) == "name"


def test_names_are_those_that_a_config_chooses_by() -> None:
    assert choice_names(Normalization) == ("batch", "layer")
    assert name_of(LayerConfig) is None


def test_the_outermost_section_is_the_home_of_a_key() -> None:
    assert homes()["epochs"] == "training"
    assert homes()["units"] == "model.hidden"
    assert homes()["slope"] == "data.generator"
    assert homes()["missing"] == homes()["scaling"] == "data"
    assert homes()["kind"] == "data.columns"
    assert "name" not in homes()
    assert "loss" not in homes()
