"""One room a notebook: the words, small tables and charts of its cells.

Words: a study in, sentences out. Charts: a tidy frame in, a chart out; no money arithmetic, no
files. Channels are objects, as alt.Text("name:N"): Altair looks for the class of a plain string
anew each time, which takes it two milliseconds.
"""
