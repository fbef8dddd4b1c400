"""What a token costs on each side: today's bill and the exports behind it, other models and hosts,
and own GPUs."""
