#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Octet's quantizer against the peers': accuracy after calibration with the same inputs, on inputs that none has seen.

    benchmarks/compare/accuracy.py [--only NETWORK ...] [--peers ROW ...] [--steps STEP ...] [--every N]

Writes WORK/accuracy/results.json and, with --write, docs/accuracy.md. See README.md.
"""
import argparse
import os
import pathlib
import sys
import time

import environments as environments_module
from environments import Environments

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STEPS = ("setup", "measure", "speed", "report")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/compare",
                        help="environments, models, results (default: build/compare)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="the build of Octet")
    parser.add_argument("--data", type=pathlib.Path, help="the test data (default: OCTET_TEST_DATA or ../shared)",
                        default=pathlib.Path(os.environ.get("OCTET_TEST_DATA") or ROOT / "../shared"))
    parser.add_argument("--only", nargs="+", metavar="NETWORK", help="these networks")
    parser.add_argument("--peers", nargs="+", metavar="ROW",
                        help="rows whose name begins so, and Octet's default: mnn, onnxruntime-minmax")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--every", type=int, default=1, metavar="N",
                        help="of large networks' held-out inputs every Nth")
    parser.add_argument("--kept", action="store_true", help="only rows that have been tried before, and Octet's default")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/accuracy.md")
    given = parser.parse_args()
    for name in ("work", "build", "data"):
        setattr(given, name, getattr(given, name).resolve())
    return given


def main():
    given = arguments()
    environments = Environments(given.work, given.build)
    environments.set_up("octet")
    environments_module.in_own_environment(environments, __file__)
    import accuracy_quantizers
    rows = [row for row in accuracy_quantizers.ROWS
            if not given.peers or row.name == "octet" or any(row.name.startswith(name) for name in given.peers)]
    if {"setup", "measure", "speed"} & set(given.steps):
        for peer in dict.fromkeys([row.peer for row in rows] + ["onnxruntime"]):
            environments.set_up(peer)
            print(environments.versions.get(peer) or f"{peer}: {environments.reasons[peer]}", flush=True)
    import accuracy_steps  # needs NumPy
    start = time.monotonic()
    accuracy_steps.run(given, environments, rows, ROOT)
    print(f"{time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
