"""The command line and its words."""
