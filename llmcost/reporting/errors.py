"""What the batch says when a report cannot be made for another reason than its inputs."""


class ReportError(Exception):
    """A client without a report: a notebook, a page or a process did not do its part. The text is for a person.

    code  the same in one word, for machines: input | notebook | page | timeout | killed | ended | publish | pdf | cluster
    """

    def __init__(self, text: str, code: str = "notebook"):
        super().__init__(text)
        self.code = code


class UsageError(Exception):
    """Something on the command line cannot be done. The text is for a person."""
