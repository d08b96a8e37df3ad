from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.analysis.labelled import gathered
from nnctl.data.loading import load_main_table
from nnctl.errors import DataError
from nnctl.training.own_portions import own_portions
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import run_of
from tests.training.experiments import write_csv


@pytest.mark.parametrize("portion", [1, 7, 100])
@pytest.mark.parametrize(("most", "first", "gap"), [(100, 4, 1), (64, 4, 1), (10, 4, 4), (1, 1, 0)])
def test_rows_are_kept_evenly_whatever_the_portions(
    tmp_path: Path, portion: int, most: int, first: int, gap: int
) -> None:
    text = "\n".join(f"{n} {2 * n} {1 + n % 3}" for n in range(64))
    data = {
        "source": str(write_csv(tmp_path, f"x y w\n{text}")),
        "target": "y",
        "sample_weight": "w",
        "scaling": "none",
        "target_scaling": "none",
    }
    run, model = run_of(tmp_path, data, "mean_squared_error")
    table, _ = load_main_table(run_config(run))
    rows = gathered(model, own_portions(table, portion), most)
    kept = rows.examples.inputs[:, 0]
    assert len(kept) == min(most, 64)
    assert kept[0] == 0.0
    gaps = np.diff(kept)
    assert (gaps >= max(gap, 1)).all() if most > 1 else not len(gaps)
    assert gaps.max(initial=0) <= 2 * max(gap, 1)
    np.testing.assert_array_equal(rows.examples.targets[:, 0], 2 * kept)
    weights = rows.examples.sample_weight
    assert weights is not None
    np.testing.assert_array_equal(weights, 1 + kept % 3)
    told = (f"looked at are {most:,} of 64 rows, evenly spaced",) if most < 64 else ()
    assert rows.notices == told


def test_no_rows_at_all_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y\n1 2\n3 4")
    run, model = run_of(tmp_path, {"source": str(path), "target": "y"}, "mean_squared_error")
    table, _ = load_main_table(run_config(run))
    with pytest.raises(DataError, match="there are no rows to measure on"):
        gathered(model, [table.take(np.arange(0))], 5)
