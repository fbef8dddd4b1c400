"""What GPUs can deliver and what they cost: every plan, its speed and where that comes from, fleets
and how busy they are."""
