"""The only place that knows Typer and Rich."""
