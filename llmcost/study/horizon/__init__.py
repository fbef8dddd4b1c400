"""The contract month by month: volumes and prices on their way, what is paid when, and when the
options' lines cross."""
