"""`python -m llmcost` is the command line."""

import sys

from llmcost.reporting.cli import main

if __name__ == "__main__":
    sys.exit(main())
