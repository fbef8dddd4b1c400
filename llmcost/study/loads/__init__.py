"""The load of a client: hours, facts, headroom, and the exports that they come from."""
