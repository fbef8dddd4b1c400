"""Arithmetic only: numbers and arrays in, numbers and arrays out. No files, no plots, no tables."""

HOURS_PER_MONTH = 730.0
"""Hours in an average month: 8,760 / 12."""
SECONDS_PER_HOUR = 3600.0
TOKENS_PER_MTOK = 1e6
MONTHS_PER_YEAR = 12.0
