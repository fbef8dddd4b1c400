"""The cost math, every quantity once: load, API, fleet, serverless GPUs, split, people."""
