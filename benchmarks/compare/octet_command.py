# SPDX-License-Identifier: Apache-2.0
"""What only Octet is asked: where the time goes, how it grows, what a fresh process costs. Uses the octet command."""
import json
import os
import re
import subprocess

import numpy as np

import make_networks
import workers

RUNS = 40
STARTS = 5
GROWTH = {  # MobileNetV2: what is varied, its values, and the arguments of make_networks.mobilenet_v2
    "input size": [(size, {"size": size}) for size in (96, 128, 160, 192, 224, 288, 384)],
    "batch": [(batch, {"batch": batch}) for batch in (1, 2, 4, 8)],
    "channels": [(width, {"width": width}) for width in (0.5, 0.75, 1.0, 1.4, 2.0)],
}


class Command:
    """The octet command of a build, on certain cores."""

    def __init__(self, build, cores):
        self.program, self.cores = str(build / "tools/octet"), cores

    def newer_than(self, model):
        """Is there no such model, or one that an older build made?"""
        return not model.is_file() or model.stat().st_mtime < os.stat(self.program).st_mtime

    def __call__(self, *arguments, threads=1):
        cores = set(self.cores[:threads])
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, cores))
        if done.returncode != 0:
            raise workers.Failed(done.stderr.strip())
        return done.stdout

    def bench(self, model, *options, threads=1):
        return json.loads(self("bench", model, "--json", "--threads", threads, *options, threads=threads))


def features(isa):
    return [] if isa == "all" else ["--cpu-features", isa]


def profiles(command, model, isas):
    """{isa: bench --profile}: limits, and time, MACs and percent of the limit of every operator."""
    return {isa: command.bench(model, "--profile", "--runs", RUNS, *features(isa)) for isa in isas}


def growth(command, work):
    """{what: [{value, macs, ms, ...}]} of MobileNetV2 with random weights."""
    folder, result = work / "growth", {}
    folder.mkdir(exist_ok=True)
    for what, cases in GROWTH.items():
        for value, arguments in cases:
            stem = folder / f"{what.replace(' ', '_')}_{value}"
            model = stem.with_name(stem.name + ".octet")
            if command.newer_than(model):
                onnx, samples = stem.with_name(stem.name + ".onnx"), stem.with_name(stem.name + "_samples")
                make_networks.mobilenet_v2(onnx, **arguments)
                samples.mkdir(exist_ok=True)
                batch = arguments.get("batch", 1)
                np.save(samples / "0.npy", make_networks.samples(batch, arguments.get("size", make_networks.SIZE)))
                command("convert", onnx, "-o", model, "--calibration", samples)
            bench = command.bench(model, "--runs", RUNS)
            two = command.bench(model, "--runs", RUNS, threads=2) if len(command.cores) > 1 else None
            result.setdefault(what, []).append(
                {"value": value, "macs": bench["macs"], "ms": bench["latency_ms"]["min"],
                 "arena_bytes": bench["arena_bytes"], "two_threads_ms": two and two["latency_ms"]["min"]})
    return result


def starts_of_octet(build, model, core):
    """Load to first answer and peak memory of examples/first_answer.c, each start a fresh process."""
    program, found = build / "examples/first_answer", []
    for _ in range(STARTS if program.exists() else 0):
        done = subprocess.run([program, model], capture_output=True, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        match = re.search(r"together ([\d.]+) ms\s+peak resident\s+(\d+) kB", done.stdout)
        if match:
            found.append((float(match.group(1)), int(match.group(2)) * 1024))
    if not found:
        return {"failed": "examples/first_answer is not built"}
    return {"first_answer_ms": min(time for time, _ in found), "peak_rss_bytes": min(peak for _, peak in found)}


def starts_of_peers(environments, peers, network, models, core):
    """{peer: load to first answer and growth of the resident set, each start a fresh process}."""
    result = {}
    for peer in peers:
        model = models.get(f"{peer}/int8", {})
        if "path" not in model:
            continue
        try:
            runs = [workers.call(environments.python(peer),
                                 ["serve", peer, model["path"], 1, core, network["held_out"]],
                                 environments.environment(peer), environments.work / "logs" / f"start.{peer}.log", 120)
                    for _ in range(STARTS)]
        except workers.Failed as failure:
            result[peer] = {"failed": str(failure)}
            continue
        result[peer] = {name: min(run[name] for run in runs)
                        for name in ("import_ms", "first_answer_ms", "rss_growth_bytes")}
    return result
