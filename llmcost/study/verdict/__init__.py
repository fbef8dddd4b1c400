"""The answer as a reader gets it: the advice in sentences, how sure, why, and what is to be
done."""
