"""What loading the definitions costs, beside the import of the libraries that no definition can do without.

Every import is timed in a fresh interpreter, turn about. The ratio is of processor time: an import waits for nothing
else, and other programs on the machine do not change it; on a quiet machine it is the ratio of elapsed time, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.outcome import Outcome

ROUNDS = 5
HEAVY = ("torch", "ultralytics")
ROOT = Path(__file__).parents[1]

LIGHT_STACK = "import dagster, dagster_dbt, pandera.polars, polars"
DEFINITIONS = "import definitions; definitions.defs.get_repository_def()"

_TIMED = """
import json, sys, time
started, started_cpu = time.perf_counter(), time.process_time()
{statements}
heavy = [name for name in {heavy!r} if name in sys.modules]
print(json.dumps([time.process_time() - started_cpu, time.perf_counter() - started, heavy]))
"""


@dataclass(frozen=True)
class Loading:
    """One import in a fresh interpreter: its seconds, and the heavy libraries that came along."""

    processor_s: float
    elapsed_s: float
    heavy: tuple[str, ...]


def main() -> int:
    """Load both in turn and print the figures."""
    _load(DEFINITIONS)  # byte code is compiled and files are in the cache from here on
    rounds = [(_load(LIGHT_STACK), _load(DEFINITIONS)) for _ in range(ROUNDS)]
    # each pair is measured back to back, and the middle pair counts: on a noisy machine the fastest of each kind come from
    # different moments, and their ratio swung between 1.06 and 1.43
    ratios = sorted(definitions.processor_s / light.processor_s for light, definitions in rounds)
    light_s, definitions_s = (median(loading.processor_s for loading in loadings) for loadings in zip(*rounds, strict=True))
    elapsed = median(definitions.elapsed_s / light.elapsed_s for light, definitions in rounds)
    outcome = Outcome("startup")
    outcome.measure("ratio_to_light_stack", median(ratios), "<= 1.3")
    outcome.measure("heavy_libraries_imported", len({name for _, loading in rounds for name in loading.heavy}), "== 0")
    outcome.refer(
        light_stack_s=light_s,
        definitions_s=definitions_s,
        lowest_ratio=ratios[0],
        highest_ratio=ratios[-1],
        ratio_of_elapsed=elapsed,
        rounds=ROUNDS,
    )
    return outcome.finish()


def _load(statements: str) -> Loading:
    program = _TIMED.format(statements=statements, heavy=HEAVY)
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    if run.returncode:
        sys.exit(f"{statements} failed:\n{run.stderr}")
    processor_s, elapsed_s, heavy = json.loads(run.stdout.splitlines()[-1])
    return Loading(processor_s, elapsed_s, tuple(heavy))


if __name__ == "__main__":
    sys.exit(main())
