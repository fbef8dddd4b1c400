"""Every figure of the first page followed to its formula, its inputs and their sources."""
