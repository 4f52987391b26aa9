"""Which processes are still there."""

import os


def is_alive(process: int) -> bool:
    """Whether a process runs.

    Parameters
    ----------
    process
        Its number.
    """
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # somebody else's
        return True
    return True
