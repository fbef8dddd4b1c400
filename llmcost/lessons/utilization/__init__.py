"""Notebook 02: a load, and how busy the fleet under it is."""
