"""What the batch says when a report cannot be made for another reason than its inputs."""


class ReportError(Exception):
    """A client without a report: a notebook, a page or a process did not do its part. The text is for a person."""
