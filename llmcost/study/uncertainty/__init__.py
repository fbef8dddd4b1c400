"""How sure the answer is, what it would be worth to know more, and where it turns."""
