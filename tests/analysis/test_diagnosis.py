from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis.case import Case, open_case
from nnctl.analysis.curve_rules import count_jumps, late_share
from nnctl.analysis.diagnosis import RULES, diagnose
from nnctl.analysis.findings import Diagnosis, Look, Rule, Unknown
from nnctl.config import load_config
from nnctl.config.loading import overridden
from nnctl.errors import RunError
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.experiment import start_experiment
from nnctl.training.observing import MEASURES, no_observations
from nnctl.training.resuming import resume_experiment
from tests.analysis.ill_runs import HEALTHY, ILLNESSES, trained_run, write_files
from tests.training.experiments import started
from tests.training.pauses import ended, paused

CONFIGS = Path(__file__).parents[2] / "configs"
BY_NAME = {rule.name: rule for rule in RULES}
CURED = [name for name, illness in ILLNESSES.items() if illness.cure]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ill")
    write_files(path)
    return path


@pytest.fixture(scope="module")
def cases(directory: Path) -> dict[str, Case]:
    """Each illness once, as the rules see it."""
    return {
        name: open_case(trained_run(directory, illness.settings))
        for name, illness in ILLNESSES.items()
    }


@pytest.fixture(scope="module")
def healthy(directory: Path) -> Case:
    return open_case(trained_run(directory, HEALTHY["tanh by adam"]))


def named(diagnosis: Diagnosis) -> set[str]:
    return {rule.name for rule, _ in diagnosis.findings}


@pytest.mark.parametrize("name", ILLNESSES)
def test_each_illness_is_found_and_no_other(cases: dict[str, Case], name: str) -> None:
    illness, diagnosis = ILLNESSES[name], diagnose(cases[name])
    assert illness.rules[0] in named(diagnosis) <= {*illness.rules}
    found = [finding for rule, finding in diagnosis.findings if rule.name == illness.rules[0]]
    assert tuple(finding.layer for finding in found) == illness.layers


def test_every_rule_has_a_run_that_was_built_for_it() -> None:
    assert {illness.rules[0] for illness in ILLNESSES.values()} == {*BY_NAME}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_has_nothing_wrong_with_it(directory: Path, name: str) -> None:
    diagnosis = diagnose(open_case(trained_run(directory, HEALTHY[name])))
    assert not diagnosis.findings
    assert len(diagnosis.in_order) + len(diagnosis.unknown) == len(RULES)
    assert {rule.name for rule, _ in diagnosis.unknown} <= {"overfitting"}


@pytest.mark.parametrize("name", CURED)
def test_what_a_finding_offers_makes_its_rule_silent(directory: Path, name: str) -> None:
    illness = ILLNESSES[name]
    run = trained_run(directory, illness.settings, *illness.cure)
    assert illness.rules[0] not in named(diagnose(open_case(run)))


def test_nearly_every_illness_has_a_cure() -> None:
    assert len(CURED) >= len(ILLNESSES) - 3


@pytest.mark.parametrize("name", ILLNESSES)
def test_all_that_a_finding_offers_are_settings_that_a_config_takes(
    cases: dict[str, Case], name: str
) -> None:
    illness, findings = ILLNESSES[name], diagnose(cases[name]).findings
    offered = [settings for _, finding in findings for settings in finding.settings]
    if illness.cure:
        first = [finding for rule, finding in findings if rule.name == illness.rules[0]]
        assert all(illness.cure in finding.settings for finding in first)
    for settings in offered:
        before = cases[name].config
        assert overridden(before, settings) != before


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_who_says_so(rule: Rule) -> None:
    assert re.search(r"(19|20)\d\d|CS231n", rule.reference)
    assert rule.look.__doc__


@pytest.mark.parametrize("name", ILLNESSES)
def test_what_is_said_are_sentences_without_a_number_that_is_none(
    cases: dict[str, Case], name: str
) -> None:
    said = diagnose(cases[name]).to_dict()
    texts = [finding[key] for finding in said["findings"] for key in ("what", "evidence", "remedy")]
    for text in [*texts, *said["in_order"].values(), *said["unknown"].values()]:
        assert text
        assert not re.search(r"\b(nan|inf|None)\b", text), text
        assert "  " not in text


def with_values(case: Case, measure: str, values: Any) -> Case:
    """Return the case with other observations of one measure (n_observations, n_layers)."""
    seen = case.observations
    changed = np.repeat(seen.values[-1:], len(values), axis=0)
    changed[:, :, MEASURES.index(measure)] = values
    epochs = np.arange(1, len(values) + 1)
    return replace(case, observations=replace(seen, epochs=epochs, values=changed))


def with_history(case: Case, **columns: Any) -> Case:
    history = {name: np.asarray(values, np.float64) for name, values in columns.items()}
    return replace(case, history={**case.history, **history})


def is_found(rule: str, case: Case) -> bool:
    answer = BY_NAME[rule].look(case)
    assert isinstance(answer, Look)
    return bool(answer.findings)


@pytest.mark.parametrize(("share", "found"), [(0.39, False), (0.4, True), (1.0, True)])
def test_units_are_dead_from_two_fifths_on(
    cases: dict[str, Case], share: float, found: bool
) -> None:
    case = cases["steps that kill"]
    assert is_found("dead units", with_values(case, "dead", [[share, 0, np.nan]])) is found
    assert not is_found("dead units", with_values(case, "dead", [[share, 0, 1], [0, 0, 1]]))


@pytest.mark.parametrize(
    ("shares", "found"), [([0.9, 0.49, 0.1], False), ([0.1, 0.5, 0.9], True), ([0, 0, 1], False)]
)
def test_units_are_saturated_where_half_are_in_the_median_of_the_epochs(
    healthy: Case, shares: list[float], found: bool
) -> None:
    values = [[share, 0, np.nan] for share in shares]
    assert is_found("saturated units", with_values(healthy, "saturated", values)) is found


@pytest.mark.parametrize(("accuracy", "found"), [(0.8, False), (0.7, True)])
def test_a_saturated_output_is_a_success_where_the_network_is_right(
    directory: Path, accuracy: float, found: bool
) -> None:
    """A constant answer is right for half of the rows."""
    case = open_case(trained_run(directory, HEALTHY["sigmoids and a squared error"]))
    assert case.summary is not None
    best = {**case.summary["best"], "train_accuracy": accuracy}
    case = replace(case, summary={**case.summary, "best": best})
    values = [[0.0, 1.0]]
    assert is_found("saturated units", with_values(case, "saturated", values)) is found


@pytest.mark.parametrize(
    ("ratios", "found"),
    [([0.01, 0.06, 0.06], True), ([0.06, 0.06], False), ([0.06, 0.04, 0.04], False)],
)
def test_steps_are_too_large_that_move_the_weights_far_again_and_again(
    healthy: Case, ratios: list[float], found: bool
) -> None:
    values = [[0.001, ratio, 0.001] for ratio in ratios]
    case = with_values(healthy, "update_ratio", values)
    assert is_found("learning rate too high", case) is found


@pytest.mark.parametrize(
    ("gradient", "update", "found"),
    [(0.009, 0.09, True), (0.011, 0.0, False), (0.009, 0.11, False), (0.009, np.nan, True)],
)
def test_a_gradient_vanishes_where_the_weights_are_left_behind(
    healthy: Case, gradient: float, update: float, found: bool
) -> None:
    case = with_values(healthy, "weight_norm", [[1, 1, 1]])
    case = with_values(case, "gradient_norm", [[gradient, 1, 1]])
    case = with_values(case, "update_ratio", [[update, 1, 1]])
    assert is_found("vanishing gradients", case) is found


def test_a_gradient_vanishes_though_a_network_that_is_stuck_has_little_of_it_anywhere(
    healthy: Case,
) -> None:
    gradients = [[0.001, 1, 1], [0.001, 0.01, 0.01], [np.nan, np.inf, np.inf]]
    case = with_values(healthy, "update_ratio", [[0, 1, 1]] * 3)
    seen = case.observations.values.copy()
    seen[:, :, MEASURES.index("weight_norm")] = 1.0
    seen[:, :, MEASURES.index("gradient_norm")] = gradients
    case = replace(case, observations=replace(case.observations, values=seen))
    answer = BY_NAME["vanishing gradients"].look(case)
    assert isinstance(answer, Look)
    assert [finding.evidence for finding in answer.findings] == [
        "hidden 1 gets 0.001 of the output layer's gradient after epoch 1, each against its weights"
    ]


@pytest.mark.parametrize(
    ("gradient", "weight", "found"), [(11, 1, True), (9, 0.1, False), (90, 10, False)]
)
def test_a_gradient_explodes_that_is_long_and_longer_than_its_weights(
    healthy: Case, gradient: float, weight: float, found: bool
) -> None:
    case = with_values(healthy, "weight_norm", [[weight, weight, weight]])
    case = with_values(case, "gradient_norm", [[1, gradient, np.inf]])
    assert is_found("exploding gradients", case) is found


def test_a_loss_that_falls_or_trembles_does_not_jump() -> None:
    assert count_jumps(np.array([1.0, 0.5, 0.54, 0.2, 0.21, 0.24])) == 0
    assert count_jumps(np.array([1.0, 0.5, 0.56, 0.2, 0.26, 0.1])) == 2


def test_a_steady_fall_has_a_quarter_of_it_in_the_last_quarter() -> None:
    assert late_share(np.linspace(2.0, 1.0, 41)) == pytest.approx(0.25)
    assert late_share(np.geomspace(2.0, 1e-9, 41)) < 1e-4
    assert late_share(np.array([1.0, 1.0, 1.1])) == 0.25


VALIDATION = [1.0, 0.8, 0.5, 0.4, 0.45, 0.5, 0.5, 0.5]
TRAINING = [1.0, 0.8, 0.5, 0.4, 0.3, 0.25, 0.2, 0.1]


@pytest.mark.parametrize(
    ("validation", "train", "found"),
    [
        (VALIDATION, TRAINING, True),
        (VALIDATION, [*TRAINING[:4], 0.4, 0.4, 0.4, 0.39], False),  # nothing more was learnt
        ([*VALIDATION[:4], 0.42, 0.43, 0.43, 0.43], TRAINING, False),  # hardly worse
        ([*VALIDATION[:4], 0.5, 0.4, 0.4, 0.9], TRAINING, False),  # an epoch is no trend
        ([1.0, 0.8, 0.5, 0.01, 0.02, 0.02, 0.02, 0.02], TRAINING, False),  # twice of nearly nothing
    ],
)
def test_overfitting_is_a_lasting_rise_while_the_training_loss_falls(
    healthy: Case, validation: list[float], train: list[float], found: bool
) -> None:
    case = with_history(healthy, validation_loss=validation, train_loss=train)
    answer = BY_NAME["overfitting"].look(case)
    assert isinstance(answer, Look)
    assert [finding.what for finding in answer.findings] == (
        ["since epoch 4 the network learns what only the training rows have"] if found else []
    )


def test_early_stopping_on_the_validation_loss_is_the_remedy_already(directory: Path) -> None:
    illness = ILLNESSES["few rows and many weights"]
    run = trained_run(directory, illness.settings, *illness.cure)
    answer = {rule.name: look for rule, look in diagnose(open_case(run)).in_order}
    assert answer["overfitting"].seen.endswith("; early stopping watches over it")


@pytest.mark.parametrize("weighted", [True, False])
def test_a_class_is_overlooked_where_it_is_rare_and_not_found(
    healthy: Case, weighted: bool
) -> None:
    def with_matrix(matrix: list[list[int]]) -> Case:
        confusion = {"set": "test", "classes": ["no", "yes"], "matrix": matrix}
        config = healthy.config
        if weighted:
            config = overridden(config, ["training.class_weight=balanced"])
        assert healthy.summary is not None
        model = replace(healthy.model, config=config)
        return replace(healthy, model=model, summary={**healthy.summary, "confusion": confusion})

    assert is_found("class imbalance", with_matrix([[90, 0], [8, 2]])) is not weighted
    assert not is_found("class imbalance", with_matrix([[90, 0], [4, 6]]))
    assert not is_found("class imbalance", with_matrix([[60, 0], [36, 4]]))  # not rare


def test_of_a_run_of_an_older_nnctl_without_its_rows_it_is_said_what_cannot_be_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    run = trained_run(tmp_path, ILLNESSES["few rows and many weights"].settings)
    without_observations(run)
    now = open_case(run)
    assert now.observations.epochs.tolist() == [60]
    unknown = {rule.name: answer.reason for rule, answer in diagnose(now).unknown}
    assert unknown == {
        "learning rate too low": "how far a step moves the weights was not observed in training"
    }
    (tmp_path / "few.csv").unlink()
    diagnosis = diagnose(open_case(run))
    assert named(diagnosis) == {"overfitting"}
    reasons = {rule.name: answer.reason for rule, answer in diagnosis.unknown}
    assert {*reasons} == {
        *unknown,
        "exploding gradients",
        "vanishing gradients",
        "dead units",
        "baselines",
    }
    assert re.search(r"few\.csv: the data does not exist", reasons["dead units"])


def without_observations(run: RunDirectory) -> None:
    last = read_checkpoint(run.last)
    arrays = {n: array for n, array in last.arrays.items() if not n.startswith("observ")}
    save_checkpoint(run.last, Checkpoint(last.metadata, arrays))


@pytest.mark.parametrize("batches", [0, 1, 12])
def test_a_run_that_has_not_come_to_its_end_is_diagnosed_as_far_as_it_is(
    tmp_path: Path, batches: int
) -> None:
    """Paused before its first epoch, in the middle of it, and later."""
    experiment = started(tmp_path, {**HEALTHY["relu by adam"], "name": "it"})
    run = paused(experiment, batches) if batches else experiment.run
    case = open_case(run)
    assert case.summary is None
    diagnosis = diagnose(case)
    assert not diagnosis.findings
    reasons = {rule.name: answer.reason for rule, answer in diagnosis.unknown}
    ending = "baselines are fitted when training has finished, and it has not"
    for name in ("underfitting", "class imbalance", "baselines"):
        assert reasons[name] == ending
    assert reasons["overfitting"].startswith("it takes 8 epochs to tell, and there are ")
    ended(resume_experiment(run))
    assert open_case(run).summary is not None


def test_what_a_run_was_worth_before_it_went_on_says_nothing_of_it_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = trained_run(tmp_path, HEALTHY["relu by adam"])
    paused(resume_experiment(run, ["training.epochs=50"]), 3)
    assert run.summary.exists()
    case = open_case(run)
    assert (case.summary, case.comparison) == (None, None)


def test_a_checkpoint_that_describes_no_training_is_refused(tmp_path: Path) -> None:
    run = trained_run(tmp_path, HEALTHY["relu by adam"])
    last = read_checkpoint(run.last)
    arrays = {**last.arrays, "observations": last.arrays["observations"][:, :, 1:]}
    save_checkpoint(run.last, Checkpoint(last.metadata, arrays))
    with pytest.raises(RunError, match=r"last\.npz: does not describe a training \(its observat"):
        open_case(run)


def test_without_any_observation_nothing_is_known_of_the_layers(healthy: Case) -> None:
    blind = replace(healthy, observations=no_observations(3), obstacles={"network": "gone"})
    for rule in ("dead units", "saturated units", "vanishing gradients", "exploding gradients"):
        answer = BY_NAME[rule].look(blind)
        assert answer == Unknown("gone") or answer == Look("no layer has rectifiers that could be")


# Those whose rows a line divides, or answers, as well as the network does.
FOR_A_LINE = ["blobs_relu", "breast_cancer", "diabetes", "iris", "linear_blobs", "penguins", "wine"]
TRUE_OF_CONFIGS = {
    "perceptron_xor": {"underfitting"},
    **{name: {"baselines"} for name in FOR_A_LINE},
}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_of_the_shipped_configs_nothing_is_said_that_is_not_true(
    tmp_path: Path, path: Path
) -> None:
    run = ended(start_experiment(load_config(path), tmp_path))
    assert named(diagnose(open_case(run))) == TRUE_OF_CONFIGS.get(path.stem, set())
