"""Notebook 01: what a token costs on each side, and the bill that it makes."""
