"""What a run shows when it is looked at again."""
