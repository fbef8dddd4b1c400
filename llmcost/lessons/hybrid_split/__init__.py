"""Notebook 04: which part of a load belongs on which side."""
