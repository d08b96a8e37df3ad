"""A starter config as text: YAML whose every line says what it does and why it was chosen."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from nnctl.config.yaml_writing import comment_lines, commented, yaml_text, yaml_value
from nnctl.errors import printable
from nnctl.training.starter import Starter
from nnctl.training.starter_columns import (
    columns_section,
    counted,
    number,
    plural,
    range_of,
    shortened,
)

PATIENCE = 20  # epochs
MANY_ROWS = 10_000
LONGEST_COMMAND = 54  # characters; what a longer one does stands further right
CHARACTERS_OF_CLASSES = 100  # at most, of those that are listed

# Keys of `data` that a file may need to be read -> what they say.
READING = {
    "labels": "the file of the targets, one a row: the column `label`",
    "delimiter": "what stands between the cells of a row",
    "encoding": "how the file's characters are written as bytes",
    "decimal": "what stands before the fraction of a number",
    "header": "the first line holds no names; the columns are x1, x2, ...",
    "missing_values": "what a cell without a value holds",
}
OUTPUTS = {
    "identity": "a number as it comes",
    "sigmoid": "a number from 0 to 1: how probable `{second}` is",
    "softmax": "a probability for each class; together they are 1",
}
LOSSES = {
    "mean_squared_error": "training lowers the mean of (prediction - target)^2",
    "binary_cross_entropy": "training lowers the mean -log(probability of the right class)",
    "categorical_cross_entropy": "training lowers the mean -log(probability of the right class)",
}
METRICS = {
    "accuracy": "the share of right answers",
    "balanced_accuracy": "that share in each class by itself, averaged over the classes",
    "macro_f1": "is all of a class found, and only that? averaged over the classes",
    "root_mean_squared_error": "a typical error, in the target's unit; large ones count more",
    "mean_absolute_error": "the average error, in the target's unit",
    "r2": "1: no error; 0: no better than always predicting the mean",
}


def starter_text(
    starter: Starter, source: str, config: str | None, reading: Mapping[str, object]
) -> str:
    """Return the text of a config.

    `source` is the data's path as the config is to have it, `config` the path of the config where
    it is known, and `reading` what must be said for the file to be read: keys of `data`.
    """
    parts = (
        heading(starter, source, config or "CONFIG"),
        data_section(starter, source, reading),
        columns_section(starter),
        split_section(starter),
        model_section(starter),
        descent_section(starter),
        training_section(starter),
        metrics_section(starter),
    )
    return "".join(f"{entry}\n" for part in parts for entry in part)


def heading(starter: Starter, source: str, config: str) -> Iterator[str]:
    """Yield what this is, and what to do with it."""
    names = " and ".join(f"`{shortened(name)}`" for name in starter.profile.targets[:3])
    yield comment_lines(
        f"A network that predicts {names} from the other columns of {Path(source).name}. "
        "`nnctl init` chose every line by what that file holds; it is a start, to be changed."
    )
    yield "#"
    config = printable(shlex.quote(config))
    commands = {
        f"nnctl check {config}": "shows the network, or every mistake here",
        f"nnctl train {config}": "trains it; what comes of it is in runs/",
        "nnctl evaluate": "measures it, beside simpler models",
        "nnctl predict latest NEW.csv": "predicts the rows of another file",
        f"nnctl cross-validate {config} --folds 5": "says how much was luck",
    }
    width = min(max(map(len, commands)), LONGEST_COMMAND)
    for command, meaning in commands.items():
        yield f"#   {command:<{width}}  # {meaning}"
    yield ""


def data_section(starter: Starter, source: str, reading: Mapping[str, object]) -> Iterator[str]:
    """Yield where the rows come from and what is predicted."""
    profile = starter.profile
    yield commented("seed: 1", "all chance follows from it: the same seed, the same network")
    yield "data:"
    where = "" if Path(source).is_absolute() else "; the path is relative to this file"
    yield commented(f"  source: {yaml_text(source)}", f"{profile.rows:,} rows{where}")
    for key, value in reading.items():
        yield commented(f"  {key}: {yaml_value(value)}", READING[key])
    target = profile.targets[0] if len(profile.targets) == 1 else profile.targets
    yield commented(f"  target: {yaml_value(target)}", f"predicted: {targeted(starter)}")
    if profile.without_target:
        count = f"{profile.without_target:,} more row{'s' if profile.without_target > 1 else ''}"
        yield commented("  missing_target: drop", f"{count} without a target, left out")
    choice = starter.choice
    other = "" if choice.other is None else f"; or: {choice.other}"
    yield commented(f"  task: {choice.task}", choice.reason + other)


def targeted(starter: Starter) -> str:
    """Return the classes, or the range of a number."""
    profile = starter.profile
    if starter.classes:
        return counted(starter.classes, CHARACTERS_OF_CLASSES)
    if len(profile.targets) > 1:
        return f"{len(profile.targets)} numbers at once"
    numbers = profile.column(profile.targets[0]).numbers
    assert numbers is not None
    return f"{range_of(numbers)}, {number(numbers.mean)} on average"


def split_section(starter: Starter) -> Iterator[str]:
    """Yield which rows are kept apart, and for what."""
    rows, size = starter.profile.rows, starter.size
    validation, test = round(rows * size.validation), round(rows * size.test)
    alike = starter.task == "classification" and not starter.has_single_rows
    how = "drawn at random, classes in proportion" if alike else "drawn at random"
    yield commented("  split:", f"rows not trained on: {how}")
    if starter.dates_in_order:
        yield comment_lines(
            f"rows are in order of `{shortened(starter.dates_in_order[0])}`: shuffle: false tests "
            "on the latest, which is harder and more honest",
            4,
        )
    if size.validation:
        yield commented(
            f"    validation: {size.validation}",
            f"about {plural(validation, 'row')} to say when to stop",
        )
    trained = rows - validation - test
    meaning = f"about {test:,} to measure the result on; {trained:,} are trained on"
    yield commented(f"    test: {size.test}", meaning)
    if starter.has_single_rows:
        meaning = "a class of one row cannot be divided in proportion"
        yield commented("    stratify: false", meaning)


def model_section(starter: Starter) -> Iterator[str]:
    """Yield the layers."""
    outputs = 1 if starter.is_binary else len(starter.classes) or len(starter.profile.targets)
    inputs = plural(starter.inputs, "input")
    if any(column.unknown_ignored for column in starter.features):
        inputs = f"up to {inputs}"  # a category may be in no row that is trained on
    layers = [inputs, *map(str, starter.size.hidden)]
    yield ""
    yield commented("model:", " -> ".join([*layers, plural(outputs, "output")]))
    yield comment_lines(reasons_for_layers(starter), 2)
    yield "  hidden:"
    size = starter.size
    dropout = f", dropout: {size.dropout}" if size.dropout else ""
    for units in size.hidden:
        yield f"    - {{units: {units}, activation: relu, initializer: he_normal{dropout}}}"
    meaning = OUTPUTS[starter.output].format(second=shortened(starter.second_class))
    yield commented(f"  output: {{activation: {starter.output}}}", meaning)


def reasons_for_layers(starter: Starter) -> str:
    """Return why the network is as large as it is."""
    rows, size = starter.profile.rows, starter.size
    if rows < MANY_ROWS:
        reason = "The more rows, the larger a network may be before it learns them by heart"
    else:
        reason = "So many rows bear a larger network than few"
    sentences = [f"{reason}: {' and '.join(map(str, size.hidden))} units for {rows:,} rows."]
    sentences += ["relu is the usual activation, he_normal the random start that goes with it."]
    if size.dropout:
        share = f"{100 * size.dropout:.0f} %"
        sentences += [
            f"dropout: {share} of the units pause in each step, so that none is relied on."
        ]
    return " ".join(sentences)


def descent_section(starter: Starter) -> Iterator[str]:
    """Yield what is made small, and how."""
    yield ""
    yield commented(f"loss: {starter.loss}", LOSSES[starter.loss])
    yield commented("optimizer:", "how the weights follow the loss downhill")
    yield commented("  name: adam", "the usual choice: finds a step of its own for every weight")
    meaning = "the size of a step: less if the loss leaps, more if it crawls"
    yield commented(f"  learning_rate: {starter.size.learning_rate}", meaning)
    if starter.size.l2:
        meaning = "holds the weights small, against learning the rows by heart"
        yield commented(f"regularization: {{l2: {starter.size.l2}}}", meaning)


def training_section(starter: Starter) -> Iterator[str]:
    """Yield how long, and in which portions."""
    size = starter.size
    yield "training:"
    at_most = ", at most: it stops earlier" if size.validation else ""
    yield commented(f"  epochs: {size.epochs}", f"passes over the training rows{at_most}")
    meaning = "each step is by all rows" if size.batch_size == "full" else "rows in each step"
    yield commented(f"  batch_size: {size.batch_size}", meaning)
    if starter.is_unequal:
        meaning = "makes rare classes count as much as common ones, at a cost in accuracy"
        yield commented("  # class_weight: balanced", meaning)
    if size.validation:
        yield commented("  early_stopping:", "training ends when it helps no more:")
        yield commented("    monitor: validation_loss", "when the loss on the validation rows")
        meaning = "has not fallen for so many epochs; the best weights are kept"
        yield commented(f"    patience: {PATIENCE}", meaning)


def metrics_section(starter: Starter) -> Iterator[str]:
    """Yield what is measured."""
    yield commented("metrics:", "for people to read; training looks at the loss alone")
    for metric in starter.metrics:
        meaning = METRICS[metric]
        if metric == "accuracy":
            name, rows = starter.classes[0]
            meaning += f"; {rows / starter.profile.rows:.2f} by always saying `{shortened(name)}`"
        yield commented(f"  - {metric}", meaning)
