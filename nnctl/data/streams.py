"""Random streams: each is derived from the seed and a name, and none is carried from step to step.

A stream depends on nothing that ran before it. So another split leaves the initial weights as they
are, and a resumed run draws the numbers of epoch 41 without having drawn those of epoch 40.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, name: str, *indices: int) -> np.random.Generator:
    """Return the generator called `name` of the run with this `seed`.

    `indices` tell the members of a family apart: `stream(7, "shuffle", epoch)`,
    `stream(7, "dropout", epoch, batch)`. The name enters by its SHA-256, which is the same in every
    process, where Python's own `hash` is not.
    """
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    name_words = np.frombuffer(digest, dtype="<u4", count=4).tolist()
    sequence = np.random.SeedSequence(seed, spawn_key=(*name_words, *indices))
    return np.random.Generator(np.random.PCG64(sequence))
