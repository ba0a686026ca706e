"""`python -m tests.benchmarks [TURNS]`: time the workloads and print the table."""

import sys

from tests.benchmarks import moons_step

print(moons_step.report(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
