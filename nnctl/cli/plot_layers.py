"""`nnctl plot-...-history`: what goes on in the layers from epoch to epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnctl.cli.options import (
    DEFAULT_RUNS_DIR,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    InputArgument,
    Labels,
    MissingValue,
    RunArgument,
    RunsDir,
    WhichSplit,
)
from nnctl.cli.picturing import Opened, draws, open_rows

if TYPE_CHECKING:
    from nnctl.analysis.pictures import Picture
    from nnctl.data.table import Table
    from nnctl.runs.directory import RunDirectory


@dataclass(frozen=True)
class OpenedEpochs(Opened):
    """What a run keeps of its training, and labelled rows to look at it with."""

    run: RunDirectory
    tables: Iterator[Table]


def open_epochs(
    run: RunArgument = None,
    source: InputArgument = None,
    split: WhichSplit = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    header: Header = None,
    missing_value: MissingValue = None,
    labels: Labels = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> OpenedEpochs:
    """Open what a run keeps of its training, and rows as `open_rows` does."""
    reading = (delimiter, encoding, decimal, header, missing_value, labels)
    rows = open_rows(run, source, split, *reading, "last", runs_dir)
    about = {"run": rows.about["run"], "data": rows.about["data"]}
    return OpenedEpochs(rows.plots, rows.title, about, rows.run, rows.tables)


@draws(open_epochs)
def plot_activation_history(epochs: OpenedEpochs) -> Picture:
    """Draw how activations change over the epochs.

    A panel a layer: upwards is what its units give, and dark is where many of them are. Flat is as
    in plot-activations. Shown are up to 65 epochs from before training to the last.
    """
    from nnctl.analysis.layer_history import draw_activation_history
    from nnctl.analysis.moving import models_of

    return draw_activation_history(models_of(epochs.run.last), epochs.tables, epochs.title)


@draws(open_epochs)
def plot_gradient_history(epochs: OpenedEpochs) -> Picture:
    """Draw how gradients change over the epochs.

    The norm of each layer's gradient, as in plot-gradients, for up to 65 epochs from before
    training to the last. Where training looked at several updates, the norm of an epoch's last one
    beside that of its weights, too.
    """
    from nnctl.analysis.layer_history import draw_gradient_history
    from nnctl.training.inference import models_over_epochs

    models = models_over_epochs(epochs.run.last)
    return draw_gradient_history(epochs.run, models, epochs.tables, epochs.title)
