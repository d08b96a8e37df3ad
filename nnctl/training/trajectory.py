"""The way that the parameters take while a network learns: a few dozen of them over the epochs.

Kept for pictures that move. Epoch 0, before training, is the first; then follows every epoch, every
second one as soon as there would be too many, every fourth, and so on. So they are evenly spaced
however long training goes on, and which ones there are follows from the epochs alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray
from nnctl.nn.network import Network

MOST_SNAPSHOTS = 64
MOST_BYTES = 2**20  # of all together; a network of which not even two fit has no trajectory
EPOCHS, PARAMETERS, STATE = "trajectory_epochs", "trajectory_parameters", "trajectory_state"


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A network's numbers after some epochs, in their order."""

    most: int  # how many there may be; 0 of a network too large for two
    epochs: tuple[int, ...] = ()
    parameters: tuple[FloatArray, ...] = ()  # (n_parameters,) each, never written over
    state: tuple[FloatArray, ...] = ()  # (n_state,) each

    @cached_property
    def interval(self) -> int:
        """The number of epochs from one snapshot to the next."""
        return self.epochs[-1] - self.epochs[-2] if len(self.epochs) > 1 else 1

    def is_due(self, epoch: int) -> bool:
        """Whether the network at the end of an epoch belongs to the snapshots."""
        return self.most > 0 and epoch % self.interval == 0

    def joined_by(self, epoch: int, network: Network) -> Trajectory:
        """Return these and the network as it is after an epoch, thinned until they fit."""
        joined = Trajectory(
            self.most,
            (*self.epochs, epoch),
            (*self.parameters, network.parameters.copy()),
            (*self.state, network.state.copy()),
        )
        while len(joined.epochs) > joined.most:
            joined = joined.of([each % (2 * joined.interval) == 0 for each in joined.epochs])
        return joined

    def of(self, kept: Sequence[bool]) -> Trajectory:
        """Return those that are kept."""
        return Trajectory(
            self.most,
            tuple(compress(self.epochs, kept)),
            tuple(compress(self.parameters, kept)),
            tuple(compress(self.state, kept)),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a checkpoint holds of it: nothing, where there is nothing."""
        if not self.epochs:
            return {}
        return {
            EPOCHS: np.array(self.epochs, np.int64),
            PARAMETERS: np.stack(self.parameters),
            STATE: np.stack(self.state),
        }


def no_trajectory(network: Network) -> Trajectory:
    """Return what there is before the first snapshot."""
    most = MOST_BYTES // (network.parameters.nbytes + network.state.nbytes)
    return Trajectory(min(most, MOST_SNAPSHOTS) if most > 1 else 0)


def restored_trajectory(
    arrays: Mapping[str, NDArray[Any]], network: Network, epoch: int
) -> Trajectory:
    """Return what the arrays of a checkpoint of an epoch hold; nothing, where there are none.

    Raises ValueError for a trajectory of another network, or of epochs still to come.
    """
    nothing = no_trajectory(network)
    if EPOCHS not in arrays:
        return nothing
    epochs, parameters, state = arrays[EPOCHS], arrays[PARAMETERS], arrays[STATE]
    for own, found in ((network.parameters, parameters), (network.state, state)):
        if found.shape != (len(epochs), len(own)) or not np.isfinite(found).all():
            raise ValueError(f"its trajectory is not one of {len(own)} numbers an epoch")
    if (np.diff(epochs, prepend=-1, append=epoch + 1) < 1).any():
        raise ValueError(f"its trajectory is not one of the epochs up to {epoch}")
    return Trajectory(nothing.most, tuple(epochs.tolist()), tuple(parameters), tuple(state))
