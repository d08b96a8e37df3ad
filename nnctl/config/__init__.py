"""From a YAML file to a checked, immutable Config; here alone are Pydantic and PyYAML known."""

from nnctl.config.dumping import config_to_dict, dump_config
from nnctl.config.loading import check_run_name, config_from_dict, load_config
from nnctl.config.schema.root import Config, json_schema

__all__ = [
    "Config",
    "check_run_name",
    "config_from_dict",
    "config_to_dict",
    "dump_config",
    "json_schema",
    "load_config",
]
