"""The batch on a Dask cluster: a task goes there with the client's files in it, the report comes
back to this disk.

The machines need this very kit and its packages, which is checked, and share nothing else with this
one. On a worker each client still has a process of its own, forked from a warm one, with its
limits.
"""

import contextlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from pathlib import Path

from llmcost.batch.process import Done, Limits, run_jobs
from llmcost.inputs.client_file import read_client
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import files_of
from llmcost.report.client_report import Task, build_client
from llmcost.report.failures import ReportError, as_problem
from llmcost.report.fingerprint import Kit, client_file_bytes

ANSWER_SECONDS = 15
AHEAD_COUNT = 2
"""Tasks handed in for each slot of the cluster: their files lie in its memory, so not all of a book
at once."""


def run(address: str, tasks: Sequence[Task], limits: Limits) -> Iterator[Done]:
    """The tasks as they are done on the cluster at `address`. Raises ReportError when nothing
    answers there."""
    try:
        from distributed import Client
    except ImportError:
        raise ReportError("--scheduler needs one more package: pip install distributed") from None
    try:
        client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise ReportError(f"{address}: no Dask scheduler answers there") from None
    with client:
        slots_count = sum(client.nthreads().values())
        if not slots_count:
            raise ReportError(f"{address}: the cluster has no workers")
        executor = client.get_executor(pure=False)
        waiting, running = iter(tasks), dict[Future, Task]()
        try:
            while True:
                while len(running) < AHEAD_COUNT * slots_count and (task := next(waiting, None)):
                    try:
                        parcel = with_files(task)
                    except (OSError, InputError) as error:
                        yield Done(task, None, as_problem(error, "client.yaml"), 0)
                    else:
                        running[executor.submit(build_there, parcel, limits)] = task
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield outcome(future, running.pop(future))
        finally:
            executor.shutdown(wait=False)


def with_files(task: Task) -> Task:
    """The task with the client's files in it: client.yaml and what it names."""
    folder = task.folder.resolve()
    files = {"client.yaml": client_file_bytes(folder)}
    with contextlib.suppress(InputError):  # who builds it will say what is wrong
        read = files_of(folder, read_client(folder).files_named)
        files |= {path.relative_to(folder).as_posix(): path.read_bytes() for path in read}
    return replace(task, folder=Path(folder.name), files=files)


def build_there(task: Task, limits: Limits) -> Done:
    """What a worker does with a task: the same as this machine, in a process of its own."""
    mine = Kit.here(task.kit.notebooks)
    if mine != task.kit:
        what = "code or packages" if mine.code != task.kit.code else "catalog"
        raise ReportError(
            f"a worker of the cluster has other {what} than this machine: install the same kit"
            " there",
            "cluster",
        )
    # Dask's word for "ends with its parent", which ours do anyway
    multiprocessing.current_process().daemon = False
    methods = multiprocessing.get_all_start_methods()
    method = "forkserver" if "forkserver" in methods else "spawn"
    multiprocessing.get_context(method).set_forkserver_preload([build_client.__module__])
    [done] = run_jobs(build_client, [task], 1, method, limits)
    return replace(done, job=None)


def outcome(future: Future, task: Task) -> Done:
    """What came back for a task."""
    try:
        return replace(future.result(), job=task)
    except ReportError as error:
        problem = as_problem(error, "client.yaml")
    except Exception as error:  # a worker died three times over it, or the cluster went away
        problem = ReportError(
            f"was lost on the cluster ({type(error).__name__}). Make the report again", "cluster"
        )
    return Done(task, None, problem, 0)
