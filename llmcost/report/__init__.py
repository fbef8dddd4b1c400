"""One client's report: the notebooks run, the page and its PDF, the record that it leaves."""
