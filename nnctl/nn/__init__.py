"""The engine: multilayer perceptrons on NumPy, knowing nothing of the rest of nnctl."""
