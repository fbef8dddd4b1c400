"""Many clients: what is stale is built in processes or on a cluster, and published."""
