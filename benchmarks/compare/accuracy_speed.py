# SPDX-License-Identifier: Apache-2.0
"""How long calibration takes: Octet with all threads against onnxruntime's quantize_static, on the same inputs.

Octet's times are of whole processes. onnxruntime's leave out importing the library and preparing the network for
quantization (quant_pre_process); its session uses all cores, too. The order changes from round to round.
"""
import os
import pathlib
import subprocess
import time

import accuracy_data
import workers
from accuracy_quantizers import Bench

NETWORKS = ("mobilenet_v1_075_224_bn", "resnet20_cifar10_bn")
ROUNDS = 3
PEERS = ("onnxruntime-minmax", "onnxruntime-percentile", "onnxruntime-entropy")
QUANTIZE = """
import json, sys, time
from onnxruntime import quantization
from peers import onnxruntime as peer
with open(sys.argv[1]) as file:
    network = json.load(file)
for options in peer.OPTIONS:  # where the first fails, its time does not count
    start = time.perf_counter()
    try:
        peer.quantize_static(sys.argv[2], sys.argv[3], network, options)
        break
    except ValueError:
        pass
print(time.perf_counter() - start)
"""


def _octet_seconds(program, arguments):
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in (program, *arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise workers.Failed(done.stderr.strip())
    return time.perf_counter() - start


def _onnxruntime_seconds(environments, folder, target):
    variables = {**os.environ, **environments.environment("onnxruntime")}
    done = subprocess.run([str(environments.python("onnxruntime")), "-c", QUANTIZE, str(folder / "network.json"),
                           str(folder / "inferred.onnx"), str(target)], capture_output=True, text=True,
                          cwd=pathlib.Path(__file__).parent, env=variables)
    if done.returncode != 0:
        raise workers.Failed(done.stderr.strip().splitlines()[-1])
    return float(done.stdout.splitlines()[-1])


def _tasks(environments, network, folder, scratch, rows):
    """{what: function that does it once and returns the seconds}."""
    octet = environments.build / "tools/octet"
    samples = folder / "octet/samples"
    common = [network["onnx"], "--calibration", samples, "--threads", len(os.sched_getaffinity(0))]
    tasks = {"Octet, ranges only (`octet calibrate`)":
             lambda: _octet_seconds(octet, ["calibrate", *common, "-o", scratch / "cache.json"]),
             "Octet, the whole conversion (`octet convert`: GPTQ, bias correction)":
             lambda: _octet_seconds(octet, ["convert", *common, "-o", scratch / "model.octet"])}
    for row in rows:
        made = folder / row.name / "inferred.onnx"
        if row.name in PEERS and made.exists():
            tasks[f"{row.words}, quantize_static"] = (
                lambda made=made: _onnxruntime_seconds(environments, made.parent, scratch / "model.onnx"))
    return tasks


def measure(given, environments, rows, kept):
    """{network: {"inputs": count, "seconds": {what: [one a round]}}}; what is not asked for stays as in `kept`."""
    result = dict(kept)
    for name in NETWORKS:
        if given.only and name not in given.only:
            continue
        folder = given.work / "accuracy" / name
        network = accuracy_data.prepare(name, folder, given.data)
        bench = Bench(environments, 1)
        for row in rows:
            if row.name in (*PEERS, "octet"):
                bench.make(row, network, folder)
        scratch = given.work / "accuracy/speed"
        scratch.mkdir(parents=True, exist_ok=True)
        tasks = _tasks(environments, network, folder, scratch, rows)
        seconds = {**result.get(name, {}).get("seconds", {}), **{what: [] for what in tasks}}
        for i in range(ROUNDS):
            order = list(tasks)[i % len(tasks):] + list(tasks)[:i % len(tasks)]
            for what in order:
                seconds[what].append(tasks[what]())
                print(f"{name}: {what}: {seconds[what][-1]:.2f} s", flush=True)
        result[name] = {"inputs": network["calibration_count"], "shape": network["shape"], "seconds": seconds,
                        "threads": len(os.sched_getaffinity(0))}
    return result
