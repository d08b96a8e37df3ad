"""Small configs whose results are known, and the data they need beside the shipped sets."""

from __future__ import annotations

from pathlib import Path

from tests.cli.commands import DATASETS

# Whole numbers from beginning to end, rows in their order: every figure printed is exact.
AND_DATA = "x1,x2,label\n0,0,0\n0,1,0\n1,0,0\n1,1,1\n"
AND = """\
name: and
data: {source: and.csv, target: label, scaling: none}
model:
  output: {activation: step, initializer: {name: values, weights: [[1], [1]]}}
loss: perceptron
optimizer: {name: sgd, learning_rate: 1}
training: {epochs: 50, batch_size: 1, shuffle: false}
"""
# A line that is known from the start: nothing is left to learn.
LINE_DATA = "x,y\n0,1\n1,3\n2,5\n3,7\n"
LINE = """\
name: line
data: {source: line.csv, target: y, scaling: none, target_scaling: none}
model: {output: {initializer: {name: values, weights: [[2]], biases: [1]}}}
loss: mean_squared_error
optimizer: {name: sgd, learning_rate: 0.5}
training: {epochs: 2, batch_size: full}
"""
IRIS = f"""\
name: iris
data: {{source: {DATASETS}/iris.csv, target: species, split: {{test: 0.3}}}}
model: {{hidden: [{{units: 8, activation: tanh}}]}}
loss: categorical_cross_entropy
training: {{epochs: 2, batch_size: 16}}
"""
MOONS = """\
name: moons
data:
  generator: {name: moons, samples: 200, noise: 0.2}
  split: {validation: 0.2, test: 0.4}
model: {hidden: [{units: 8}]}
loss: binary_cross_entropy
training: {epochs: 2}
"""
DEMAND = f"""\
name: demand
data: {{source: {DATASETS}/demand.csv, target: [units_sold, returns, revenue]}}
model: {{hidden: [{{units: 8, activation: silu}}]}}
loss: mean_squared_error
training: {{epochs: 2}}
"""
CONFIGS = {"and": AND, "iris": IRIS, "moons": MOONS, "demand": DEMAND, "line": LINE}


def write_samples(directory: Path) -> None:
    """Write every config as NAME.yaml, and the data that it names."""
    (directory / "and.csv").write_text(AND_DATA)
    (directory / "line.csv").write_text(LINE_DATA)
    for name, text in CONFIGS.items():
        (directory / f"{name}.yaml").write_text(text)
