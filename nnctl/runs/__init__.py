"""What stands on disk: run directories, checkpoints, histories, and the record of the machine."""
