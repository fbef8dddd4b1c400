"""What a replica delivers: every serving plan, its speed, and the measurements behind it."""
