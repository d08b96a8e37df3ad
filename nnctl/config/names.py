"""What to write instead of a key or a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from nnctl.config.foreign import FOREIGN_KEYS, FOREIGN_NAMES, FOREIGN_SETS


def _squashed(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def closest(received: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, if any."""
    by_squashed = {_squashed(name): name for name in known}
    wanted = _squashed(received)
    matches = get_close_matches(wanted, by_squashed, cutoff=0.7) if wanted else []
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
