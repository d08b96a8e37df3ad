"""What a page says of the network: its layers, its weights, and its formula or its drawing."""

from __future__ import annotations

from typing import Any

from nnctl.analysis.report_parts import ReportTable, cut
from nnctl.analysis.report_subject import Subject
from nnctl.analysis.weights import described, layer_weights
from nnctl.training.linear_formula import linear_formula
from nnctl.training.outline import layer_rows

MOST_LAYERS = 60
MOST_TERMS = 30  # of a formula that a person reads
DIGITS = 5


def network_section(subject: Subject) -> dict[str, Any]:
    """Return the layers with their shapes, what their weights are like, and the learnt formula."""
    model = subject.model
    network, preprocessing = model.network, model.preprocessing
    formula = None
    if network.n_inputs <= MOST_TERMS:
        formula = linear_formula(network, preprocessing, model.decoder)
    layers, left_out = cut(layers_table(subject), MOST_LAYERS, "`nnctl check` shows all")
    weights, _ = cut(weights_table(subject), MOST_LAYERS, "")
    optimizer = model.config.optimizer
    return {
        "facts": [
            ("Parameters", len(network.parameters)),
            ("Numbers", network.dtype.name),
            ("Loss", model.config.loss.name),
            ("Optimizer", f"{optimizer.name}, learning rate {optimizer.learning_rate:g}"),
            ("Schedule", optimizer.schedule.name),
        ],
        "layers": layers,
        "weights": weights,
        "formula": [] if formula is None else formula.sentences(DIGITS),
        "notes": [*left_out],
    }


def layers_table(subject: Subject) -> ReportTable:
    """Return shape, activation, initializer and number of parameters of each layer."""
    columns = ("layer", "shape", "activation", "initializer", "parameters")
    layers = layer_rows(subject.model.config, subject.model.network)
    rows = [[layer[column] for column in columns] for layer in layers]
    return ReportTable("Layers", columns, rows)


def weights_table(subject: Subject) -> ReportTable:
    """Return how large the weights of each layer have become."""
    measures = ("lowest", "highest", "mean", "standard_deviation", "norm", "bias_norm")
    layers = [described(layer) for layer in layer_weights(subject.model)]
    rows = [[layer["name"], *(layer[measure] for measure in measures)] for layer in layers]
    columns = ("layer", *(measure.replace("_", " ") for measure in measures))
    caption = f"Weights of epoch {subject.model.epoch:,}"
    return ReportTable(caption, columns, rows)
