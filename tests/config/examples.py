"""Configs that the tests of this room share."""

from __future__ import annotations

from pathlib import Path

MINIMAL = "data: {generator: xor}\nloss: binary_cross_entropy\n"

FULL = """\
name: iris
seed: 7
data:
  source: ../datasets/iris.csv
  target: species
  features: [sepal_length, sepal_width]
  scaling: standardize
  split: {validation: 0.2, test: 0.2, stratify: true}
model:
  hidden:
    - {units: 16, activation: relu, initializer: he_normal, dropout: 0.1}
    - {units: 16, activation: {name: leaky_relu, slope: 0.05}, normalization: batch, bias: true}
  output: {activation: softmax}
loss: categorical_cross_entropy
optimizer: {name: adam, learning_rate: 0.01, schedule: {name: cosine}}
regularization: {l2: 0.0001}
training:
  epochs: 200
  batch_size: 32
  shuffle: true
  class_weight: balanced
  early_stopping: {monitor: validation_loss, patience: 20}
metrics: [accuracy, macro_f1]
compute: {dtype: float32, threads: auto}
expect: {test_accuracy: {min: 0.9}}
"""

TABLE = """\
data:
  source: ../datasets/penguins.csv
  validation_source: later.csv
  target: species
  group: colony
  delimiter: ;
  decimal: ","
  quote: null
  header: false
  missing_values: [NA, "-", "null", ""]
  columns:
    island: categorical
    year: ignored
    bill: {kind: numeric, scaling: robust, missing: {name: median, indicator: true}}
    size: {order: [small, "true", large]}
    sex: {missing: most_frequent}
    diet: {unknown: ignore, max_categories: 500, missing: {name: constant, value: none}}
    mass: {missing: {name: constant, value: -1}}
    "a.b: #": {}
  scaling: min_max
  missing: {name: mean}
  unknown: ignore
  max_categories: 50
  split: {test: 0.2}
loss: categorical_cross_entropy
"""


def write(directory: Path, text: str, name: str = "run.yaml") -> Path:
    """Write a config file, without translating line ends."""
    path = directory / name
    path.write_bytes(text.encode())
    return path
