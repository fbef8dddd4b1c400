"""One module of computed prose per question: a study in, sentences and small tables of words
out."""
