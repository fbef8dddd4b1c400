"""Notebook 03: the lines around the GPU."""
