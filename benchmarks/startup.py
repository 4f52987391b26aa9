"""What loading the definitions costs, beside the import of the libraries that no definition can do without.

Every import is timed in a fresh interpreter, turn about, so that a busy moment falls on both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.outcome import Outcome

ROUNDS = 4
HEAVY = ("torch", "ultralytics")
ROOT = Path(__file__).parents[1]

LIGHT_STACK = "import dagster, dagster_dbt, pandera.polars, polars"
DEFINITIONS = "import definitions; definitions.defs.get_repository_def()"

_TIMED = """
import json, sys, time
started = time.perf_counter()
{statements}
seconds = time.perf_counter() - started
print(json.dumps([seconds, [name for name in {heavy!r} if name in sys.modules]]))
"""


def main() -> int:
    """Load both in turn and print the figures."""
    light, definitions, heavy = [], [], set()
    _load(DEFINITIONS)  # byte code is compiled and files are in the cache from here on
    for _ in range(ROUNDS):
        light.append(_load(LIGHT_STACK)[0])
        seconds, found = _load(DEFINITIONS)
        definitions.append(seconds)
        heavy |= set(found)
    outcome = Outcome("startup")
    # the fastest of each: whatever else the machine does can only slow a round down
    outcome.measure("ratio_to_light_stack", min(definitions) / min(light), "<= 1.3")
    outcome.measure("heavy_libraries_imported", len(heavy), "== 0")
    outcome.refer(
        light_stack_s=min(light),
        definitions_s=min(definitions),
        ratio_of_medians=median(definitions) / median(light),
        rounds=ROUNDS,
    )
    return outcome.finish()


def _load(statements: str) -> tuple[float, list[str]]:
    """Run statements in a fresh interpreter: the seconds that they took, and which heavy libraries came along."""
    program = _TIMED.format(statements=statements, heavy=HEAVY)
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    if run.returncode:
        sys.exit(f"{statements} failed:\n{run.stderr}")
    seconds, heavy = json.loads(run.stdout.splitlines()[-1])
    return seconds, heavy


if __name__ == "__main__":
    sys.exit(main())
