"""The answer: which option, how sure, why, and what would change it."""
