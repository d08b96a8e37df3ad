"""PyTorch's usual loop over tensors in memory: eager, a Module, an optimizer, zero_grad."""

from __future__ import annotations

from importlib import import_module
from itertools import pairwise
from typing import Any

from tests.benchmarks.peers import Training
from tests.benchmarks.workloads import LEARNING_RATE, Workload, rows_of


def prepare(workload: Workload, threads: int | None) -> Training:
    """Return what trains so many epochs; its threads come from outside."""
    torch: Any = import_module("torch")
    rows = rows_of(workload)
    inputs, labels = torch.from_numpy(rows.inputs), torch.from_numpy(rows.labels)
    torch.manual_seed(0)
    model = build_model(torch, workload)
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

    def train_batch(batch_inputs: Any, batch_labels: Any) -> float:
        optimizer.zero_grad()
        loss = criterion(model(batch_inputs), batch_labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    def train(epochs: int) -> None:
        for _ in range(epochs):
            if workload.batches == 1:
                train_batch(inputs, labels)
                continue
            order, running_loss = torch.randperm(workload.rows), 0.0
            for start in range(0, workload.rows, workload.batch_rows):
                batch = order[start : start + workload.batch_rows]
                running_loss += train_batch(inputs[batch], labels[batch])

    return train


def build_model(torch: Any, workload: Workload) -> Any:
    """Return the network: linear layers with ReLU between them."""
    layers: list[Any] = []
    for n_inputs, n_units in pairwise(workload.sizes):
        layers += [torch.nn.Linear(n_inputs, n_units), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])
