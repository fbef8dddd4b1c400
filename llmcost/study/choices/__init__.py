"""Which open model, host and GPU plan each option of a workload uses, and everything that was tried
before."""
