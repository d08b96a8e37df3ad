from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from nnctl.analysis.diagnosis import RULES
from nnctl.training.observing import MEASURES
from tests.cli.commands import nnctl

AND_DIAGNOSED = """\
and: finished, 50 epochs; nothing wrong

in order:
  unscaled inputs: `x1` from 0 to 1, `x2` from 0 to 1, as they are
  learning rate too high: of a perceptron it scales the weights and decides nothing
  learning rate too low: a step moves a layer's weights by at most 0.63 of their length
  exploding gradients: there are no hidden layers
  dead units: no layer has rectifiers that could be
  saturated units: no hidden layer has units that can saturate, as sigmoid or tanh units can
  vanishing gradients: there are no hidden layers
  underfitting: the network errs 100% less than a constant answer on the training rows
  class imbalance: of the train rows the rarest class `1` has 25%, of which 100% are found
  baselines: the network beats a constant answer on 4 train rows

not known:
  overfitting: there are no validation rows; data.split.validation=0.2 makes some
"""
LARGE_DATA = "a [red],y\n" + "".join(f"{1000 * i},{2 * i}\n" for i in range(40))
LARGE = """\
name: large
data: {source: large.csv, target: y, scaling: none, split: {validation: 0.2}}
model: {hidden: [{units: 4, activation: tanh}]}
loss: mean_squared_error
training: {epochs: 3}
"""
LARGE_FOUND = """\
unscaled inputs: inputs are not scaled
  evidence: `a [red]` from 0 to 39000, as they are
  remedy: scale them, fitted on the training rows: a step that suits one column is too large for \
another; try:
    --set data.scaling=standardize
  see: LeCun, Bottou, Orr & Mueller 1998, Efficient BackProp, section 4.3
"""


@pytest.fixture
def _large(tmp_path: Path) -> None:
    (tmp_path / "large.csv").write_text(LARGE_DATA)
    (tmp_path / "large.yaml").write_text(LARGE)
    assert nnctl("train", "large.yaml", "--quiet", "--no-plots").code == 0


@pytest.mark.usefixtures("runs")
def test_a_healthy_run_is_told_so_with_all_that_was_looked_at() -> None:
    outcome = nnctl("diagnose", "and")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == AND_DIAGNOSED


@pytest.mark.usefixtures("_large")
def test_a_finding_has_its_evidence_a_remedy_and_who_says_so() -> None:
    outcome = nnctl("diagnose")
    assert (outcome.code, outcome.err) == (0, "")
    heading, _, rest = outcome.out.partition("\n\n")
    assert heading.startswith("large: finished, 3 epochs; ")
    assert heading.endswith(" findings")
    assert rest.startswith(LARGE_FOUND)


@pytest.mark.usefixtures("_large")
def test_the_settings_that_are_offered_can_be_pasted_behind_train() -> None:
    before = nnctl("diagnose").out
    line = next(line for line in before.splitlines() if "data.scaling" in line)
    options = shlex.split(line)
    assert options == ["--set", "data.scaling=standardize"]
    assert nnctl("train", "large.yaml", "--quiet", "--no-plots", *options).code == 0
    assert "unscaled inputs: all numbers are scaled" in nnctl("diagnose").out


@pytest.mark.usefixtures("_large")
def test_a_shell_takes_every_setting_as_it_is_offered() -> None:
    Path("large.yaml").write_text(LARGE.replace("{epochs: 3}", "{epochs: 20}"))
    options = ("--set", "optimizer={name: sgd, learning_rate: 1000}")
    assert nnctl("train", "large.yaml", "--quiet", "--no-plots", *options).code == 5
    lines = [line for line in nnctl("diagnose").out.splitlines() if line.startswith("    --set")]
    offered = [
        [word for word in shlex.split(line) if word != "--set"]  # one of them has blanks
        for line in lines
    ]
    assert ["training.gradient_clipping={norm: 1}"] in offered
    findings = json.loads(nnctl("diagnose", "--json").out)["findings"]
    assert offered == [settings for finding in findings for settings in finding["settings"]]


@pytest.mark.usefixtures("_large")
def test_json_has_findings_what_is_in_order_and_each_number_that_was_observed() -> None:
    outcome = nnctl("diagnose", "--json")
    assert outcome.code == 0
    told = json.loads(outcome.out)
    assert [told[key] for key in ("run", "status", "epochs")] == ["runs/large", "finished", 3]
    first = told["findings"][0]
    assert first == {
        "rule": "unscaled inputs",
        "layer": None,
        "what": "inputs are not scaled",
        "evidence": "`a [red]` from 0 to 39000, as they are",
        "remedy": "scale them, fitted on the training rows: a step that suits one column is too "
        "large for another",
        "settings": [["data.scaling=standardize"]],
        "reference": RULES[0].reference,
    }
    names = {finding["rule"] for finding in told["findings"]}
    assert names | {*told["in_order"]} | {*told["unknown"]} == {rule.name for rule in RULES}
    seen = told["observations"]
    assert [(row["epoch"], row["layer"]) for row in seen] == [
        (epoch, layer) for epoch in (1, 3) for layer in ("hidden 1", "output")
    ]
    assert all([*row] == ["epoch", "layer", *MEASURES] for row in seen)
    assert seen[0]["saturated"] == 1.0
    assert seen[0]["dead"] is None


@pytest.mark.usefixtures("_large")
def test_a_run_whose_data_is_gone_is_diagnosed_by_what_is_left() -> None:
    Path("large.csv").unlink()
    outcome = nnctl("diagnose")
    assert outcome.code == 0
    assert LARGE_FOUND in outcome.out
    assert "\nnot known:\n" in outcome.out
    assert "large.csv: the data does not exist" in outcome.out


@pytest.mark.usefixtures("_large")
def test_data_that_has_changed_is_noted() -> None:
    Path("large.csv").write_text(LARGE_DATA.replace("39000", "39001"))
    outcome = nnctl("diagnose")
    assert outcome.code == 0
    assert outcome.err.startswith("note: ")
    assert "has changed since the run was trained" in outcome.err


@pytest.mark.usefixtures("_large")
def test_a_hostile_name_is_shown_and_never_obeyed() -> None:
    text = LARGE_DATA.replace("a [red]", '"[/]\x1b[31m"')
    Path("large.csv").write_text(text)
    assert nnctl("train", "large.yaml", "--quiet", "--no-plots").code == 0
    outcome = nnctl("diagnose")
    assert outcome.code == 0
    assert "evidence: `[/]\\x1b[31m` from 0 to 39000, as they are\n" in outcome.out


def test_a_run_that_is_not_there_is_an_error() -> None:
    outcome = nnctl("diagnose", "nowhere")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith("error: there is no run 'nowhere'")


@pytest.mark.usefixtures("_large")
def test_a_checkpoint_that_is_damaged_is_an_error() -> None:
    path = Path("runs/large/checkpoints/best.npz")
    path.write_bytes(path.read_bytes()[:-7])
    outcome = nnctl("diagnose")
    assert (outcome.code, outcome.out) == (4, "")
    assert "best.npz: is damaged" in outcome.err
