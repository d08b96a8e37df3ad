"""Which epochs of a training a page can hold, and their weights as one text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import numpy as np

from nnctl.nn.network import Network
from nnctl.training.inference import Model, with_chosen

MOST_BYTES = 1_000_000  # of all that the page's script is given


def bytes_a_moment(network: Network) -> int:
    """Return how long the text of one network is."""
    n_numbers = len(network.parameters) + len(network.state)
    return 4 * -(-n_numbers * network.dtype.itemsize // 3)


def thinned(
    models: Sequence[Model], chosen: Model, room: int
) -> tuple[tuple[Model, ...], list[str]]:
    """Return at most `room` of the models, evenly spaced, and what should be said of it.

    Where there is room for one, it is the chosen one; then come the first and the last.
    """
    moments = with_chosen(models, chosen)
    if len(moments) <= room:
        only = "the run kept no network of other epochs"
        return moments, [only] if len(moments) == 1 else []
    if room == 0:
        count = len(chosen.network.parameters)
        why = f"its network of {count:,} parameters is too large to run inside a page"
        return (), [f"there is nothing to try here: {why}"]
    spaced = np.linspace(0, len(moments) - 1, room - 1).round().astype(int).tolist()
    places = sorted({*spaced, moments.index(chosen)})
    kept = f"{len(places)} of the {len(moments)} kept epochs have room in this page"
    return tuple(moments[place] for place in places), [kept]


def packed(moments: Sequence[Model]) -> str:
    """Return parameters and state of all networks as base64 of little-endian numbers."""
    network = moments[0].network
    numbers = np.concatenate(
        [part for model in moments for part in (model.network.parameters, model.network.state)]
    )
    return b64encode(numbers.astype(network.dtype.newbyteorder("<")).tobytes()).decode("ascii")
