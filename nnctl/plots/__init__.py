"""The only place that knows matplotlib: arrays in, figures out."""
