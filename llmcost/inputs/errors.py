"""The one error that a person can cause: it names the file and the field, what is wrong, and how to
mend it."""

LONGEST_FIELD_COUNT = 300
"""Characters of a field's name that are repeated: a key may hold anything."""


class InputError(Exception):
    """Something that a person wrote cannot be used.

    file     the file's name, as its author knows it
    field    where in the file, for example "workloads.assistant.load", or "" for the whole file
    problem  what is wrong
    cure     how to mend it
    """

    def __init__(self, file, field: str, problem: str, cure: str):
        field = field if len(field) <= LONGEST_FIELD_COUNT else f"{field[:LONGEST_FIELD_COUNT]}..."
        self.file, self.field, self.problem, self.cure = str(file), field, problem, cure
        super().__init__(str(self))

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else self.file
        return f"{where}: {self.problem}. {self.cure}"

    def _render_traceback_(self) -> list[str]:
        """What a notebook prints instead of a traceback."""
        return [f"Input error. {self}"]
