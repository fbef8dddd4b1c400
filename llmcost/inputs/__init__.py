"""What we are told: the client file, the usage export, and the dated catalog rows in force on a
day."""
