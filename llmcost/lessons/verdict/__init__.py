"""Notebook 05: what to do, how sure that is, and what the contract then costs."""
