"""What the workbench's processes are made to do in its tests."""

import os
import signal
import time
from pathlib import Path

from vitrina.errors import VitrinaError


def prepare():
    """Nothing has to be loaded."""


def doubled(tell, number):
    tell("doubling")
    return 2 * number, os.getpid()


def note(_, folder, name):
    """Leave a trace of the order in which tasks were worked on."""
    with (Path(folder) / "order").open("a") as file:
        file.write(f"{name}\n")
    return name


def wait_for(_, path):
    while not Path(path).exists():
        time.sleep(0.01)


def sleep(_, seconds):
    time.sleep(seconds)


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_):
    raise VitrinaError("It cannot be.", "Ask for something else.")


def stumble(_):
    raise ZeroDivisionError


def environment(_):
    return dict(os.environ)
