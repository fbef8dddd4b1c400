"""What it really costs to host an open LLM, to pay per token, to rent by the second, or to split
the load."""

TYPE_CHECKING = False  # as in `typing`, whose import takes longer than all of this
if TYPE_CHECKING:
    from llmcost.inputs.errors import InputError
    from llmcost.study import Study, open_study

__version__ = "0.1.0"
__all__ = ["InputError", "Study", "open_study"]

if not TYPE_CHECKING:  # where it is hidden, a misspelt name is still an error

    def __getattr__(name: str) -> object:
        """Import what is asked for when it is asked for: until then the command line can be left at
        once."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        place = "llmcost.inputs.errors" if name == "InputError" else "llmcost.study"
        found = getattr(import_module(place), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """All names, those that were not asked for yet too: for completion in a notebook."""
        return sorted({*globals(), *__all__})
