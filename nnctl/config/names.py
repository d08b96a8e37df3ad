"""What to write instead of a key or a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

OPTIMIZER_RATE = "`learning_rate`, in `optimizer`"
# Keys of other tools, and of other places of a config -> what to write.
FOREIGN_KEYS: dict[str, str] = {
    "<<": "every value out; nothing is merged",
    "activation_function": "`activation`, in each layer",
    "alpha": "`l2`, in `regularization`",
    "arch": "`model`",
    "architecture": "`model`",
    "batch": "`batch_size`",
    "batch_norm": "`normalization: batch`",
    "batch_normalization": "`normalization: batch`",
    "beta1": "`beta_1`",
    "beta2": "`beta_2`",
    "betas": "`beta_1` and `beta_2`",
    "bias_init": "`bias_initializer`",
    "clip_norm": "`gradient_clipping: {norm: ...}`, in `training`",
    "clipnorm": "`gradient_clipping: {norm: ...}`, in `training`",
    "clipvalue": "`gradient_clipping: {value: ...}`, in `training`",
    "cost": "`loss`",
    "criterion": "`loss`",
    "dataset": "`data`",
    "decay": "`weight_decay`, in `optimizer`",
    "device": "nothing; everything is computed on the processor",
    "dropout_rate": "`dropout`, in each layer",
    "eps": "`epsilon`",
    "eta": OPTIMIZER_RATE,
    "file": "`source`, in `data`",
    "hidden_layer_sizes": "`model: {hidden: [{units: ...}, ...]}`, an entry a layer",
    "hidden_layers": "`hidden`, in `model`",
    "hidden_sizes": "`hidden: [{units: ...}, ...]`, an entry a layer",
    "init": "`initializer`",
    "kernel_initializer": "`initializer`",
    "kernel_regularizer": "`regularization: {l1: ..., l2: ...}`",
    "label": "`target`, in `data`",
    "labels": "`target`, in `data`",
    "layers": "`hidden`, in `model`",
    "learning_rate_init": OPTIMIZER_RATE,
    "loss_function": "`loss`",
    "lr": OPTIMIZER_RATE,
    "lr_scheduler": "`schedule`, in `optimizer`",
    "max_epochs": "`epochs`, in `training`",
    "max_iter": "`epochs`, in `training`",
    "n_epochs": "`epochs`, in `training`",
    "n_iter_no_change": "`early_stopping: {patience: ...}`, in `training`",
    "n_samples": "`samples`",
    "n_classes": "`classes`",
    "neurons": "`units`",
    "nodes": "`units`",
    "normalize": "`scaling`, in `data`",
    "num_epochs": "`epochs`, in `training`",
    "optimiser": "`optimizer`",
    "path": "`source`, in `data`",
    "random_state": "`seed`",
    "regularisation": "`regularization`",
    "regularizer": "`regularization`",
    "restore_best_weights": "nothing; the best weights are always kept",
    "scheduler": "`schedule`, in `optimizer`",
    "size": "`units`",
    "solver": "`optimizer`",
    "std": "`noise`",
    "test_size": "`split: {test: ...}`, in `data`",
    "tol": "`min_delta`, in `early_stopping`",
    "train": "`training`",
    "validation_fraction": "`split: {validation: ...}`, in `data`",
    "validation_split": "`split: {validation: ...}`, in `data`",
    "verbose": "nothing; the option `--quiet` silences the progress",
    "warmup": "`warmup_epochs`, in `schedule`",
    "weight_init": "`initializer`",
    "width": "`units`",
}
# Names that other tools give to a choice -> what it may be called here.
FOREIGN_NAMES: dict[str, tuple[str, ...]] = {
    "acc": ("accuracy",),
    "auc": ("roc_auc",),
    "bce": ("binary_cross_entropy",),
    "bcewithlogits": ("binary_cross_entropy",),
    "binarycrossentropy": ("binary_cross_entropy",),
    "cce": ("categorical_cross_entropy",),
    "cosineannealing": ("cosine",),
    "cosinedecay": ("cosine",),
    "crossentropy": ("categorical_cross_entropy",),
    "crossentropyloss": ("categorical_cross_entropy",),
    "double": ("float64",),
    "f1score": ("f1",),
    "float": ("float32",),
    "glorot": ("xavier_uniform",),
    "glorotnormal": ("xavier_normal",),
    "glorotuniform": ("xavier_uniform",),
    "gaussian": ("random_normal",),
    "he": ("he_normal",),
    "heaviside": ("step",),
    "invscaling": ("inverse_scaling",),
    "kaiming": ("he_normal",),
    "kaimingnormal": ("he_normal",),
    "kaiminguniform": ("he_uniform",),
    "lecun": ("lecun_normal",),
    "linear": ("identity",),
    "logistic": ("sigmoid",),
    "logloss": ("log_loss", "binary_cross_entropy"),
    "lrelu": ("leaky_relu",),
    "mae": ("mean_absolute_error",),
    "makecircles": ("circles",),
    "makemoons": ("moons",),
    "minmax": ("min_max",),
    "minmaxscaler": ("min_max",),
    "mse": ("mean_squared_error",),
    "negativeloglikelihood": ("categorical_cross_entropy",),
    "nll": ("categorical_cross_entropy",),
    "normal": ("random_normal", "standardize"),
    "normalize": ("standardize",),
    "plateau": ("reduce_on_plateau",),
    "r2score": ("r2",),
    "randn": ("random_normal",),
    "reducelronplateau": ("reduce_on_plateau",),
    "rmse": ("root_mean_squared_error",),
    "sparsecategoricalcrossentropy": ("categorical_cross_entropy",),
    "standard": ("standardize",),
    "standardscaler": ("standardize",),
    "steplr": ("step",),
    "swish": ("silu",),
    "uniform": ("random_uniform",),
    "xavier": ("xavier_uniform",),
    "zero": ("zeros",),
    "zscore": ("standardize",),
}
# What other tools put before a metric's name -> the set of rows that they mean.
FOREIGN_SETS: dict[str, str] = {
    "val": "validation",
    "valid": "validation",
    "training": "train",
    "testing": "test",
}


def _squashed(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def closest(received: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, if any."""
    by_squashed = {_squashed(name): name for name in known}
    wanted = _squashed(received)
    matches = get_close_matches(wanted, by_squashed, cutoff=0.7)
    # Letters are swapped more often than left out: `adma` is adam and not adamax.
    matches.sort(key=lambda match: abs(len(match) - len(wanted)))
    return by_squashed[matches[0]] if matches else None


def suggest_name(received: str, known: tuple[str, ...]) -> str | None:
    """Return the choice that `received` probably means: another tool's name, or misspelt."""
    for name in FOREIGN_NAMES.get(_squashed(received), ()):
        if name in known:
            return name
    return closest(received, known)


def key_advice(received: str, known: Sequence[str], homes: Mapping[str, str]) -> str:
    """Return what to do about an unknown key.

    `known` are the keys that may stand there, `homes` the section of every key there is.
    """
    squashed = {_squashed(name): name for name in known}
    if _squashed(received) in squashed:
        return f"did you mean `{squashed[_squashed(received)]}`?"
    if received.lower() in FOREIGN_KEYS:
        return f"write {FOREIGN_KEYS[received.lower()]}"
    if received in homes:
        return f"it belongs in `{homes[received]}`"
    if match := closest(received, known):
        return f"did you mean `{match}`?"
    if match := closest(received, homes):
        return f"did you mean `{match}`, in `{homes[match]}`?"
    return f"the keys here are {', '.join(known)}"


def suggest_metric(received: str, sets: tuple[str, ...], metrics: tuple[str, ...]) -> str | None:
    """Return the SET_METRIC that `received` probably means, such as `val_acc`."""
    rows, _, metric = received.lower().partition("_")
    rows = FOREIGN_SETS.get(rows, rows)
    if rows in sets:
        name = suggest_name(metric, metrics)
        return f"{rows}_{name}" if name else None
    name = suggest_name(received, metrics)
    if name:
        return f"{sets[-1]}_{name}"
    return closest(received, [f"{rows}_{metric}" for rows in sets for metric in metrics])
