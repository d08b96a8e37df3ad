from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.analysis import weights
from nnctl.analysis.weights import draw_weights, guessed_shape, parsed_shape
from nnctl.errors import UsageError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.training.inference import Model
from tests.analysis.test_pictures import generated, run_of
from tests.plots.test_weights import panels
from tests.training.experiments import write_csv


def pixels(directory: Path, names: list[str]) -> Model:
    rng = np.random.default_rng(0)
    rows = "\n".join(
        " ".join(map(str, [*rng.integers(0, 9, len(names)), "ab"[n % 2]])) for n in range(12)
    )
    path = write_csv(directory, f"{' '.join(names)} kind\n{rows}")
    hidden = {"hidden": [{"units": 6}]}
    data = {"source": str(path), "target": "kind"}
    return run_of(directory, data, "binary_cross_entropy", model=hidden)[1]


def test_the_matrices_are_the_parameters_of_the_checkpoint(tmp_path: Path) -> None:
    hidden = [{"units": 5}, {"units": 3, "bias": False}]
    run, model = run_of(
        tmp_path, generated("moons", samples=30), "binary_cross_entropy", model={"hidden": hidden}
    )
    picture = draw_weights(model, "t")
    drawn = [np.asarray(panel.images[0].get_array()) for panel in panels(picture.figure.axes)]
    assert [matrix.shape for matrix in drawn] == [(3, 5), (5, 3), (4, 1)]
    saved = read_checkpoint(run.best).arrays["parameters"]
    first, second, last = saved[:10], saved[10:25], saved[25:28]
    np.testing.assert_array_equal(drawn[0], np.concatenate([first, saved[28:33]]).reshape(3, 5))
    np.testing.assert_array_equal(drawn[1], second.reshape(5, 3))
    np.testing.assert_array_equal(drawn[2], np.append(last, saved[33]).reshape(4, 1))
    assert picture.numbers["shape"] is None
    assert [layer["name"] for layer in picture.numbers["layers"]] == [
        "hidden 1", "hidden 2", "output",
    ]  # fmt: skip
    measures = picture.numbers["layers"][1]
    assert measures["norm"] == pytest.approx(np.linalg.norm(second), rel=1e-6)
    assert measures["lowest"] == pytest.approx(second.min())
    assert measures["bias_norm"] is None


def test_pixels_are_drawn_as_images_row_by_row(tmp_path: Path) -> None:
    names = [f"pixel_{row}_{column}" for row in range(2) for column in range(3)]
    model = pixels(tmp_path, names)
    picture = draw_weights(model, "t")
    assert picture.notices == (
        "drawn as 2x3 pixels, by the names of the inputs; --shape says otherwise, "
        "--shape none draws matrices",
    )
    images = [np.asarray(panel.images[0].get_array()) for panel in panels(picture.figure.axes)]
    assert len(images) == 6
    first = model.network.views(0)["weights"]
    np.testing.assert_array_equal(images[4], [first[:3, 4], first[3:, 4]])
    other = draw_weights(model, "t", "3x2")
    assert (other.numbers["shape"], other.notices) == ((3, 2), ())
    assert draw_weights(model, "t", "none").numbers["shape"] is None


def test_of_very_many_units_the_first_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "MOST_IMAGES", 4)
    monkeypatch.setattr(weights, "MOST_LAYERS", 1)
    model = pixels(tmp_path, [f"p{n}" for n in range(6)])
    picture = draw_weights(model, "t", "2x3")
    assert len(panels(picture.figure.axes)) == 4
    assert picture.notices == ("drawn are the first 4 of 6 units",)
    assert draw_weights(model, "t").notices == ("drawn are the first 1 of 2 layers",)


SQUARE = [f"x{n}" for n in range(1, 17)]


@pytest.mark.parametrize(
    ("names", "shape", "said"),
    [
        ([f"pixel_{n // 8}_{n % 8}" for n in range(64)], (8, 8), True),
        ([f"r{n // 5 + 1}c{n % 5 + 1}" for n in range(35)], (7, 5), True),
        ([f"p{n:02}" for n in range(35)], None, True),
        (SQUARE, (4, 4), True),
        ([*SQUARE[:-1], "x17"], None, False),
        ([*SQUARE[1:], "x1"], None, False),
        (["x1", "x2", "x3", "x4"], None, False),
        ([f"a{n % 2}_{n // 2}" for n in range(16)], None, False),
        (["sepal_length", "sepal_width"], None, False),
        (["a_0_0", "a_0_1"], None, False),
    ],
)
def test_names_tell_whether_inputs_are_pixels(
    names: list[str], shape: tuple[int, int] | None, said: bool
) -> None:
    guessed, notices = guessed_shape(names)
    assert (guessed, bool(notices)) == (shape, said)


def test_a_shape_is_height_and_width() -> None:
    assert parsed_shape("7x5", 35) == parsed_shape("7×5", 35) == (7, 5)
    assert parsed_shape("none", 35) is None


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("8x8", "--shape 8x8 has 64 pixels, and the network 35 inputs"),
        ("7", "--shape is HEIGHTxWIDTH, such as 8x8, or none (received 7)"),
        ("0x35", "--shape is HEIGHTxWIDTH, such as 8x8, or none (received 0x35)"),
        ("", "--shape is HEIGHTxWIDTH, such as 8x8, or none (received )"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(wanted: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed_shape(wanted, 35)
    assert str(caught.value) == message
