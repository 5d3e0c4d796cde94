#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Octet against its peers: sets them up, quantizes every network with each one's own tools, runs all alternately.

    benchmarks/compare/compare.py [--only NETWORK ...] [--peers PEER ...] [--steps STEP ...]

Writes WORK/results.json and prints the tables; --write puts them into docs/performance.md. See README.md.
"""
import argparse
import os
import pathlib
import sys

import environments as environments_module
import held
from environments import PEERS, Environments

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STEPS = ("setup", "prepare", "measure", "starts", "growth", "report")
ISAS = ("all", "avxvnni", "avx2")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/compare",
                        help="environments, models, results (default: build/compare)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="the build of Octet")
    parser.add_argument("--data", type=pathlib.Path, help="the test data (default: OCTET_TEST_DATA or ../shared)",
                        default=pathlib.Path(os.environ.get("OCTET_TEST_DATA") or ROOT / "../shared"))
    parser.add_argument("--only", nargs="+", metavar="NETWORK", help="these networks")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--isas", nargs="+", choices=ISAS, default=ISAS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--cores", nargs="+", type=int, help="cores to run on (default: the last ones)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--milliseconds", type=float, default=100, help="of each peer in each round")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    given = parser.parse_args()
    for name in ("work", "build", "data"):
        setattr(given, name, getattr(given, name).resolve())
    given.cores = given.cores or sorted(os.sched_getaffinity(0), reverse=True)
    return given


def hold(environments, peer):
    """Makes the copy that can be held to AVX2, so that it is not made while others are timed."""
    try:
        environments.held_copy(peer)
    except held.CannotHold as failure:
        print(f"{peer} cannot be held to AVX2: {failure}", flush=True)


def main():
    given = arguments()
    environments = Environments(given.work, given.build)
    environments.set_up("octet")
    environments_module.in_own_environment(environments, __file__)
    for peer in given.peers if {"setup", "measure"} & set(given.steps) else ():
        environments.set_up(peer)
        print(environments.versions.get(peer) or f"{peer}: {environments.reasons[peer]}", flush=True)
        if "setup" in given.steps and peer not in environments.reasons and "avx2" in given.isas:
            hold(environments, peer)
    import steps  # needs NumPy
    steps.run(given, environments)


if __name__ == "__main__":
    sys.exit(main())
