"""What the market sells: API hosts and GPU offers, each with whether this client may use it."""
