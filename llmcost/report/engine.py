"""A papermill engine that runs the cells in this process, with the outputs that a real kernel would
have saved.

papermill still injects the parameters, writes the notebook and raises PapermillExecutionError; only
the kernel process, its sockets and its start-up are gone. Meant for a process of its own per client
(`process.py`): the notebooks of one client share one interpreter and so one memoised study. Outputs
follow nbclient's rules, and a test holds both equal.
"""

import atexit
import contextlib
import io
import json
import sys

import altair as alt
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.jsonutil import json_default
from nbformat import NotebookNode
from papermill.engines import Engine, papermill_engines
from traitlets import Type
from traitlets.config import Config

from llmcost.inputs.temporary import temporary_folder
from llmcost.views.renderer import unchecked

ENGINE_NAME = "llmcost"


def carried(**content):
    """The content as a kernel's message would bring it: through JSON, into the notebook's own kind
    of mapping."""
    return json.loads(json.dumps(content, default=json_default), object_hook=NotebookNode)


class CellOutputs:
    """The outputs of the running cell, kept as nbclient keeps a kernel's messages."""

    def __init__(self):
        self.shown = {}  # display id -> the outputs that carry it
        self.begin([])

    def begin(self, outputs):
        """The next cell runs; `outputs` is its empty list."""
        self.outputs = outputs
        self.clear_before_next = False

    def clear(self, wait):
        """Forget what the cell has shown; with `wait`, when it next shows something."""
        self.clear_before_next = wait
        if not wait:
            self.outputs.clear()

    def add(self, output_type, **content):
        """One more output, as JSON would carry it; returns it. Not held against the format here:
        the whole notebook is, once."""
        if self.clear_before_next:
            self.clear(wait=False)
        output = carried(output_type=output_type, **content)
        self.outputs.append(output)
        return output

    def write(self, name, text):
        """More text of a stream, joined to what came just before."""
        last = self.outputs[-1] if self.outputs and not self.clear_before_next else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text += text
        elif text:
            self.add("stream", name=name, text=text)

    def display(self, data, metadata, display_id, update):
        """A display; those with its id that are already there change with it."""
        for output in self.shown.get(display_id, ()):
            output.update(carried(data=data, metadata=metadata))
        if not update:
            output = self.add("display_data", data=data, metadata=metadata)
            if display_id:
                self.shown.setdefault(display_id, []).append(output)


class CellStream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of the running cell."""

    def __init__(self, name, outputs):
        self.cell_stream_name = name
        self.outputs = outputs

    def writable(self):
        return True

    def write(self, text):
        self.outputs.write(self.cell_stream_name, text)
        return len(text)


class CellDisplay(DisplayPublisher):
    """Takes `display(...)`."""

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs):
        self._validate_data(data, metadata)
        self.shell.cell_outputs.display(
            data, metadata or {}, (transient or {}).get("display_id"), update
        )

    def clear_output(self, wait=False):
        self.shell.cell_outputs.clear(wait)


class CellValue(DisplayHook):
    """Takes the value of a cell's last expression."""

    shell: "CellShell"

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.cell_outputs.add(
            "execute_result",
            data=format_dict,
            metadata=md_dict or {},
            execution_count=self.prompt_count,
        )

    def finish_displayhook(self):
        self._is_active = False


class CellShell(InteractiveShell):
    """An IPython shell whose every output lands in `cell_outputs`."""

    display_formatter: DisplayFormatter

    displayhook_class = Type(CellValue)
    display_pub_class = Type(CellDisplay)
    cell_outputs: CellOutputs

    def _showtraceback(self, etype, evalue, stb):
        self.cell_outputs.add(
            "error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb)
        )

    def enable_gui(self, gui=None):
        pass


@contextlib.contextmanager
def fresh_shell():
    """A shell with an empty namespace; what it replaces in the process is put back."""
    main = sys.modules["__main__"]
    # A notebook that failed is never kept: its error needs a name and no traceback, which takes
    # seconds for a deep recursion.
    options = {"colors": "nocolor", "autoindent": False, "xmode": "Minimal"}
    config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": options})
    with temporary_folder() as folder:
        InteractiveShell.clear_instance()
        shell = CellShell.instance(config=config, ipython_dir=str(folder))
        shell.cell_outputs = CellOutputs()
        shell.display_formatter.mimebundle_formatter.for_type(alt.TopLevelMixin, unchecked)
        try:
            yield shell
        finally:
            # it would keep the shell, and all that its cells made, to the process's end
            atexit.unregister(shell.atexit_operations)
            CellShell.clear_instance()
            sys.modules["__main__"] = main


class InProcessEngine(Engine):
    """The engine as papermill calls it."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **_kwargs):
        with fresh_shell() as shell:
            for index, cell in enumerate(nb_man.nb.cells):
                nb_man.cell_start(cell, index)
                if cell.cell_type == "code" and cell.source.strip() and not cls.run(shell, cell):
                    nb_man.cell_exception(cell, cell_index=index)
                    nb_man.cell_complete(cell, cell_index=index)
                    break
                nb_man.cell_complete(cell, cell_index=index)

    @staticmethod
    def run(shell, cell):
        """Run one cell; True if nothing in it failed."""
        shell.cell_outputs.begin(cell.outputs)
        cell.execution_count = shell.execution_count
        streams = [CellStream(name, shell.cell_outputs) for name in ("stdout", "stderr")]
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            result = shell.run_cell(cell.source, store_history=True)
        return result.success and all(output.output_type != "error" for output in cell.outputs)


def register():
    """Let papermill know the engine by its name, in code: a broken entry point would break `import
    papermill`."""
    papermill_engines.register(ENGINE_NAME, InProcessEngine)
