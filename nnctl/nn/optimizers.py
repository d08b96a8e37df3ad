"""The optimizers that a config may name, in one table.

Each is built as `OPTIMIZERS[name](parameters, n_weights, **hyperparameters)` and then called as
`optimizer.step(gradients, learning_rate)`; the learning rate is an argument, because a schedule
changes it.
"""

from __future__ import annotations

from nnctl.nn.adam import Adam, Adamax, AdamW, Nadam
from nnctl.nn.adaptive import Adadelta, Adagrad, RMSprop
from nnctl.nn.descent import SGD, Optimizer

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": Nadam,
    "adamax": Adamax,
}
