"""nnctl trains multilayer perceptrons from validated YAML configs.

The names of the Python API are looked up when they are first used, so that `nnctl --help` imports
no NumPy: `load_config`, `train`, `cross_validate`, `load_run`, `Run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnctl.api import Run, cross_validate, load_config, load_run, train

__version__ = "0.1.0"

__all__ = ["Run", "__version__", "cross_validate", "load_config", "load_run", "train"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nnctl import api

    return getattr(api, name)
