"""`python -m tests.benchmarks [TURNS]`: time the workloads and print the table."""

import argparse

from lessons.arguments import whole
from tests.benchmarks import moons_step

parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Time one step of the moons demo.")
parser.add_argument("turns", type=whole(1), nargs="?", default=20, help="how often each candidate is timed (20)")
print(moons_step.report(parser.parse_args().turns))
