"""nnctl trains multilayer perceptrons from validated YAML configs."""

__version__ = "0.1.0"
