"""What a process of the workbench does: loads libraries, then one task after the other, until nobody listens any more."""

from __future__ import annotations

import gc
import os
import signal
import traceback
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

READY, STAGE, DONE, REFUSED, FAILED = "ready", "stage", "done", "refused", "failed"
"""What a process says."""

ENVIRONMENT = {
    # a thread per core in each of several processes would only have them wait for one another
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    # what a request computes is stored in no table, and the graph and the tests hold the same code to the tables' declarations:
    # for 330 stores that took a tenth of a second
    "PANDERA_VALIDATION_ENABLED": "False",
    # what it is given was looked at before, and its parameters are ours: an eighth of the time that it takes to compare methods
    "SKLEARN_ASSUME_FINITE": "True",
    "SKLEARN_SKIP_PARAMETER_VALIDATION": "True",
}
"""What libraries of such a process find when they are loaded."""

COLLECT_AFTER = 8
"""Tasks between two collections of garbage; while they run there is none: it took a tenth of the time."""

NICENESS = 5
"""Pages and programs that are answered in milliseconds go before what is waited for anyway."""


def serve(connection: Connection[Any, Any], module: str) -> None:
    """Work on what comes through a connection.

    Parameters
    ----------
    connection
        Brings pairs of a function and its arguments; takes pairs of what this process says and a text or result.
    module
        Its name: its function `prepare` is called first.
    """
    # whoever presses Ctrl-C means the server, which then tells us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ENVIRONMENT)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    from vitrina.errors import VitrinaError  # noqa: PLC0415  # after the environment is set

    try:
        try:
            # by its name, for libraries that it loads have to find the environment as it is now
            import_module(module).prepare()
        except Exception:  # noqa: BLE001  # told to the server, which has a log
            connection.send((FAILED, traceback.format_exc()))
            return
        # libraries stay for good: to look through them again and again takes longer than most tasks
        gc.collect()
        gc.freeze()
        gc.disable()
        connection.send((READY, None))
        for done in count(1):
            function, arguments = connection.recv()
            try:
                said = DONE, function(lambda stage: connection.send((STAGE, stage)), *arguments)
            except VitrinaError as error:
                said = REFUSED, (error.problem, error.remedy)
            except Exception:  # noqa: BLE001  # as above
                said = FAILED, traceback.format_exc()
            connection.send(said)
            if not done % COLLECT_AFTER:
                gc.collect()
    except (EOFError, OSError):
        # the server has ended, however it did
        return
