"""What a config comes to with its data: layers, shapes, parameters, memory; nothing is trained."""

from __future__ import annotations

from typing import Any

from nnctl.config import Config
from nnctl.config.schema.model import LayerConfig, OutputConfig
from nnctl.data.dataset import Dataset
from nnctl.nn.network import Network
from nnctl.training.assembly import assemble, count_rows
from nnctl.training.build import initializer_name
from nnctl.training.memory import readable_bytes, training_bytes


def outline(config: Config, dataset: Dataset) -> dict[str, Any]:
    """Return the network as rows of a table, and the totals."""
    assembly, config = assemble(config, dataset)
    network = assembly.trainer.network
    needed = training_bytes(
        network.n_inputs,
        network.layers,
        assembly.trainer.batch_rows,
        count_rows(dataset),
        network.dtype,
    )
    return {
        "task": dataset.preprocessing.task,
        "features": list(dataset.preprocessing.feature_names),
        "targets": list(dataset.preprocessing.targets),
        "classes": list(dataset.preprocessing.classes),
        "rows": {
            "training": len(dataset.split.train),
            "validation": len(dataset.split.validation),
            "test": len(dataset.split.test),
        },
        "loss": config.loss.name,
        "optimizer": config.optimizer.name,
        "layers": layer_rows(config, assembly.trainer.network),
        "parameters": len(network.parameters),
        "dtype": network.dtype.name,
        "training_bytes": needed,
        "training_memory": readable_bytes(needed),
        "threads": assembly.threads,
        "notices": [*dataset.notices, *assembly.notices],
    }


def layer_rows(config: Config, network: Network) -> list[dict[str, Any]]:
    """Return what a table says of each layer."""
    rows, n_inputs = [], network.n_inputs
    settings: tuple[LayerConfig | OutputConfig, ...] = (*config.model.hidden, config.model.output)
    for index, (spec, layer) in enumerate(zip(network.layers, settings, strict=True)):
        count = sum(slot.stop - slot.start for slot in network.layout.slots if slot.layer == index)
        extras = [
            *([f"{spec.normalization.name} normalization"] if spec.normalization else []),
            *([f"dropout {spec.dropout:g}"] if spec.dropout else []),
        ]
        name = "output" if index == len(network.layers) - 1 else f"hidden {index + 1}"
        rows.append(
            {
                "layer": name,
                "shape": f"{n_inputs} x {spec.units}",
                "activation": ", ".join([spec.activation.name, *extras]),
                "initializer": initializer_name(layer),
                "parameters": count,
                "memory": readable_bytes(count * network.dtype.itemsize),
            }
        )
        n_inputs = spec.units
    return rows
