"""What the code that users run costs, and whether it keeps its promises under load.

Each module is run as ``python -m benchmarks.<name>``; its last line is one JSON object, and it exits 1 when a bar falls
short. Ratios come from one run on one machine, so that a slow machine is no excuse and a fast one no merit.
"""
