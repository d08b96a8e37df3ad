"""The one bridge from a config to the engine."""
