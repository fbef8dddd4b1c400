"""The advice under uncertainty: which option, what would turn it, where options break even, and
what it would be worth to know more."""
