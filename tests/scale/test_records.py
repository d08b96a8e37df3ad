from __future__ import annotations

from pathlib import Path

from nnctl.config import load_config
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.records import write_best
from nnctl.scale.results import TrialResult
from tests.cli.samples import MOONS


def test_a_value_of_several_lines_stays_in_the_comment_of_the_best_config(tmp_path: Path) -> None:
    directory = SweepDirectory(tmp_path)
    trial = directory.trial(1)
    trial.path.mkdir()
    trial.config.write_text(MOONS)
    parameters, metrics = {"a": "x\nseed: 99"}, {"validation_loss": 0.5}
    result = TrialResult(1, "trial-001", parameters, "finished", metrics={**metrics})
    write_best(directory, [result], "validation_loss")
    comment = directory.best.read_text().splitlines()[1]
    assert comment == "#   a: x\\nseed: 99"
    assert load_config(directory.best).seed == load_config(trial.config).seed != 99
