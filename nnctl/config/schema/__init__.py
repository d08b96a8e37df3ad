"""The config's frozen models: strict values, unknown keys forbidden, every field described."""

from nnctl.config.schema.columns import ColumnConfig
from nnctl.config.schema.data import DataConfig, SplitConfig
from nnctl.config.schema.model import LayerConfig, ModelConfig, OutputConfig
from nnctl.config.schema.root import Config, json_schema
from nnctl.config.schema.training import Bounds, TrainingConfig

__all__ = [
    "Bounds",
    "ColumnConfig",
    "Config",
    "DataConfig",
    "LayerConfig",
    "ModelConfig",
    "OutputConfig",
    "SplitConfig",
    "TrainingConfig",
    "json_schema",
]
