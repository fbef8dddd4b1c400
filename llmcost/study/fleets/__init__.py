"""The GPUs that a case would run: how many, what they are called, how busy they are, and what each
of their tokens costs."""
