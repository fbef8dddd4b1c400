"""The exact hybrid split and the volumes at which an option breaks even."""
