# SPDX-License-Identifier: Apache-2.0
"""The child process of one (peer, network, precision, threads): prepares a model, or loads one and times it on request.

    worker.py version PEER
    worker.py prepare PEER NETWORK.json PRECISION FOLDER
    worker.py serve   PEER MODEL THREADS CORES HELDOUT.npy      requests on stdin, one JSON object a line

Requests: {"do": "time", "ns": N} -> {"ns": [...], "waited_ns"};
{"do": "answer", "file": F} writes the answers to the held-out
inputs; {"do": "quit"}. Whatever the libraries print goes to stderr; stdout carries only answers.
"""
import gc
import importlib
import json
import os
import re
import sys
import time
import traceback

WARMUP_RUNS = 2
MIN_RUNS = 3
MAX_RUNS = 1000


def memory(field):
    """A field of /proc/self/status in bytes: VmRSS now, VmHWM at its peak."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def waited_ns():
    """How long this thread was ready to run while others had its core."""
    with open("/proc/thread-self/schedstat") as file:
        return int(file.read().split()[1])


def time_runs(runner, budget_ns):
    """Durations of runs for about budget_ns, after a few that are not counted."""
    for _ in range(WARMUP_RUNS):
        runner.run()
    durations, clock, run = [], time.perf_counter_ns, runner.run
    end = clock() + budget_ns
    while len(durations) < MAX_RUNS:
        start = clock()
        run()
        stop = clock()
        durations.append(stop - start)
        if stop > end and len(durations) >= MIN_RUNS:
            break
    return durations


def answer(runner, held_out, path, every=1):
    """The answers to the held-out inputs, or to every nth of them."""
    import numpy as np
    answers = {}
    for i, sample in enumerate(held_out[::every]):
        runner.set(np.array(sample[None]))  # a copy: some want to own it
        runner.run()
        for k, output in enumerate(runner.outputs()):
            answers[f"{k}_{i}"] = np.asarray(output, np.float32)
    runner.set(np.array(held_out[0][None]))
    np.savez(path, **answers)


def serve(peer, model, threads, cores, held_out_path, say):
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    import numpy as np
    held_out = np.load(held_out_path, mmap_mode="r")
    first = np.array(held_out[0][None])
    reset_peak()
    before = memory("VmRSS")
    start = time.perf_counter_ns()
    peer.version()  # imports the library
    imported = time.perf_counter_ns()
    runner = peer.load(model, int(threads))
    runner.set(first)
    runner.run()
    done = time.perf_counter_ns()
    say({"import_ms": (imported - start) / 1e6, "first_answer_ms": (done - imported) / 1e6,
         "rss_growth_bytes": memory("VmHWM") - before})
    gc.disable()
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "time":
            before = waited_ns()
            durations = time_runs(runner, request["ns"])
            say({"ns": durations, "waited_ns": waited_ns() - before})
        elif request["do"] == "answer":
            answer(runner, held_out, request["file"], request.get("every", 1))
            say({"done": True})
        else:
            break


def shortened(text):
    """One line without colours and folders."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(text.split()))
    return re.sub(r"/\S*/", "", text)[:200]


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    command, name, *rest = sys.argv[1:]
    try:
        peer = importlib.import_module("peers." + name)
        if command == "version":
            say({"version": peer.version()})
        elif command == "prepare":
            with open(rest[0]) as file:
                say({"path": peer.prepare(json.load(file), *rest[1:])})
        else:
            serve(peer, *rest, say)
    except Exception as failure:  # whatever a peer throws is its reason in the table
        traceback.print_exc()
        text = str(failure).strip() or type(failure).__name__
        say({"failed": shortened(text)})
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # some libraries crash in their destructors
