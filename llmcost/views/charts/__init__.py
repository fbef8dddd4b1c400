"""One module of charts per question: a tidy frame in, a chart out; no money arithmetic, no files."""
