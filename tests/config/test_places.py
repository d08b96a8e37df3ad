from __future__ import annotations

from nnctl.config.places import choice_names, homes, locate, name_of
from nnctl.config.schema import Bounds, LayerConfig, SplitConfig
from nnctl.config.schema.activations import Elu, LeakyRelu
from nnctl.config.schema.base import OTHER
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


def test_names_are_those_that_a_config_chooses_by() -> None:
    assert choice_names(Normalization) == ("batch", "layer")
    assert name_of(LayerConfig) is None


def test_the_outermost_section_is_the_home_of_a_key() -> None:
    assert homes()["epochs"] == "training"
    assert homes()["units"] == "model.hidden"
    assert homes()["slope"] == "data.generator"
    assert "name" not in homes()
    assert "loss" not in homes()
