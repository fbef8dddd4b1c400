"""Who gets it: notebooks run for each client, one page per client, an index, the command line."""
