"""The load of a client: hours, facts, headroom, and what an export says of itself."""
