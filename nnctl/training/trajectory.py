"""The way that the parameters take while a network learns: a few dozen of them over the epochs.

Kept for pictures that move. Epoch 0, before training, is the first; then follows every epoch, every
second one as soon as there would be too many, every fourth, and so on. So they are evenly spaced
however long training goes on, and which ones there are follows from the epochs alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.nn.network import Network

MOST_SNAPSHOTS = 64
MOST_BYTES = 2**20  # of all together; a network of which not even two fit has no trajectory
EPOCHS, PARAMETERS, STATE = "trajectory_epochs", "trajectory_parameters", "trajectory_state"


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A network's numbers after some epochs, in their order."""

    epochs: IntArray  # (n,)
    parameters: FloatArray  # (n, n_parameters)
    state: FloatArray  # (n, n_state)

    @cached_property
    def interval(self) -> int:
        """The number of epochs from one snapshot to the next."""
        return int(np.diff(self.epochs).min()) if len(self.epochs) > 1 else 1

    @cached_property
    def most(self) -> int:
        """How many snapshots there may be; fewer than two are none."""
        numbers = self.parameters.shape[1] + self.state.shape[1]
        most = MOST_BYTES // (numbers * self.parameters.itemsize)
        return min(most, MOST_SNAPSHOTS) if most > 1 else 0

    def is_due(self, epoch: int) -> bool:
        """Whether the network at the end of an epoch belongs to the snapshots."""
        return self.most > 0 and epoch % self.interval == 0

    def joined_by(self, epoch: int, network: Network) -> Trajectory:
        """Return these and the network as it is after an epoch, thinned until they fit."""
        joined = Trajectory(
            np.append(self.epochs, epoch),
            np.append(self.parameters, [network.parameters], 0),
            np.append(self.state, [network.state], 0),
        )
        while len(joined.epochs) > joined.most:
            kept = joined.epochs % (2 * joined.interval) == 0
            joined = Trajectory(joined.epochs[kept], joined.parameters[kept], joined.state[kept])
        return joined

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a checkpoint holds of it."""
        return {EPOCHS: self.epochs, PARAMETERS: self.parameters, STATE: self.state}


def no_trajectory(network: Network) -> Trajectory:
    """Return what there is before the first snapshot."""
    parameters, state = network.parameters, network.state
    return Trajectory(
        np.empty(0, np.int64),
        np.empty((0, len(parameters)), parameters.dtype),
        np.empty((0, len(state)), state.dtype),
    )


def restored_trajectory(
    arrays: Mapping[str, NDArray[Any]], network: Network, epoch: int
) -> Trajectory:
    """Return what the arrays of a checkpoint of an epoch hold; nothing, where there are none.

    Raises ValueError for a trajectory of another network, or of epochs still to come.
    """
    nothing = no_trajectory(network)
    if EPOCHS not in arrays:
        return nothing
    found = Trajectory(arrays[EPOCHS], arrays[PARAMETERS], arrays[STATE])
    for own, what in ((nothing.parameters, found.parameters), (nothing.state, found.state)):
        if what.shape != (len(found.epochs), own.shape[1]) or not np.isfinite(what).all():
            raise ValueError(f"its trajectory is not one of {own.shape[1]} numbers an epoch")
    if (np.diff(found.epochs, prepend=-1, append=epoch + 1) < 1).any():
        raise ValueError(f"its trajectory is not one of the epochs up to {epoch}")
    return found
