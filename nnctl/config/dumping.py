"""From a Config back to YAML text, or to plain values."""

from __future__ import annotations

from typing import Any

import yaml

from nnctl.config.schema.root import Config
from nnctl.config.yaml_scalars import read_scalar

LINE_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Quotes the text that YAML 1.2 would read as something else."""

    def ignore_aliases(self, data: object) -> bool:
        """Write a value out wherever it stands; aliases are not read back."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _needs_quotes(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _needs_quotes(text: str) -> bool:
    """Whether `text` without quotes would be read as something else.

    PyYAML knows what YAML 1.1 makes of it, but not YAML 1.2 (`1e-3`), and it writes some line
    ends of Unicode in such a way that they are read as a space.
    """
    try:
        return not text.isprintable() or not isinstance(read_scalar(text), str)
    except ValueError:
        return True


_Dumper.add_representer(str, _represent_text)


def config_to_dict(config: Config) -> dict[str, Any]:
    """Return the config as plain values, every default filled in, in the order of the schema."""
    return config.model_dump(mode="json")


def dump_config(config: Config) -> str:
    """Return YAML that `load_config` reads as an equal config."""
    return dump_values(config_to_dict(config))


def dump_values(values: dict[str, Any]) -> str:
    """Return YAML that is read as these plain values."""
    text = yaml.dump(
        values,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=LINE_WIDTH,
    )
    return str(text)
