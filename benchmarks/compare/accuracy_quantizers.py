# SPDX-License-Identifier: Apache-2.0
"""The quantizers that docs/accuracy.md compares: whose, with which method; and how each makes a model and answers.

A model stays in NETWORK/QUANTIZER/ until the network, the calibration inputs, the method or the peer's version change
(Octet's also when the build does). made.json there says what was made from what, or why nothing was.
"""
import json
import os
import pathlib
import shutil
import time

import workers

MAKE_TIMEOUT = 900
ANSWER_TIMEOUT = 1800


class Quantizer:
    """One row of the tables. Each of `runs` is a set of variables for the worker; the best run's answers count."""

    def __init__(self, name, peer, words, method=None, runs=({},), networks=None):
        self.name, self.peer, self.words, self.method, self.runs = name, peer, words, method or {}, runs
        self.networks = networks  # the only ones that it is asked about; None: all

    def folder(self, network_folder):
        return network_folder / self.name


OPTIMIZATIONS = ({}, {"OCTET_COMPARE_OPTIMIZATION": "off"})
NO_WINOGRAD = ({"OCTET_COMPARE_WINOGRAD": "off"},)
ROWS = [
    Quantizer("octet", "octet", "Octet, defaults", {"pixels": True}),
    Quantizer("octet-minmax", "octet", "Octet, `--method minmax --round nearest`",
              {"pixels": True, "options": ["--method", "minmax", "--round", "nearest"]}),
    Quantizer("octet-int16", "octet", "Octet, `--int16` of three tensors",
              {"pixels": True, "options": ["--int16", "conv1_relu", "conv_dw_1_relu", "conv_pw_1_relu"]},
              networks=("mobilenet_v1_075_224_bn",)),
    Quantizer("onnxruntime-minmax", "onnxruntime", "onnxruntime, MinMax", {"calibrate": "MinMax"}, OPTIMIZATIONS),
    Quantizer("onnxruntime-entropy", "onnxruntime", "onnxruntime, Entropy", {"calibrate": "Entropy"}, OPTIMIZATIONS),
    Quantizer("onnxruntime-percentile", "onnxruntime", "onnxruntime, Percentile", {"calibrate": "Percentile"},
              OPTIMIZATIONS),
    Quantizer("nncf", "openvino", "OpenVINO NNCF"),
    Quantizer("nncf-accurate", "openvino", "OpenVINO NNCF, accurate", {"fast_bias_correction": False}),
    Quantizer("nncf-minmax", "openvino", "OpenVINO NNCF, accurate, min-max ranges",
              {"fast_bias_correction": False, "extremes": True}),
    Quantizer("litert", "litert", "TFLite converter"),
    Quantizer("mnn-kl", "mnn", "MNN, KL", {"feature": "KL", "weight": "MAX_ABS"}),
    Quantizer("mnn-admm", "mnn", "MNN, ADMM", {"feature": "ADMM", "weight": "ADMM"}),
    Quantizer("mnn-weights-admm", "mnn", "MNN, KL, weights by ADMM", {"feature": "KL", "weight": "ADMM"}),
    Quantizer("mnn-ema", "mnn", "MNN, EMA", {"feature": "EMA", "weight": "MAX_ABS"}),
    Quantizer("ncnn-kl", "ncnn", "ncnn, kl", {"range": "kl"}, NO_WINOGRAD),
    Quantizer("ncnn-aciq", "ncnn", "ncnn, aciq", {"range": "aciq"}, NO_WINOGRAD),
    Quantizer("ncnn-largest", "ncnn", "ncnn, largest magnitude", {"range": "largest"}, NO_WINOGRAD),
]
FLOAT = Quantizer("float", "onnxruntime", "float")
NAMES = [row.name for row in ROWS]


def _octet_program(build):
    return build / "tools/octet"


class Bench:
    """Makes models and answers in the peers' environments."""

    def __init__(self, environments, every):
        self.environments, self.every = environments, every
        self.cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))

    def missing(self, row):
        """Why the row cannot be had at all, or None."""
        return self.environments.reasons.get(row.peer)

    def _key(self, row, network, precision):
        build = _octet_program(self.environments.build)
        parts = [network["key"], precision, row.method, self.environments.versions.get(row.peer)]
        return json.dumps(parts + ([build.stat().st_mtime] if row.peer == "octet" else []))

    def _log(self, network, row, what):
        return self.environments.work / "logs" / f"accuracy.{network['name']}.{row.name}.{what}.log"

    def make(self, row, network, network_folder, precision="int8"):
        """{"path", "seconds"} or {"failed"} of the row's model; a model that still fits is kept."""
        folder = row.folder(network_folder) if precision == "int8" else network_folder / f"{row.name}-{precision}"
        record, key = folder / "made.json", self._key(row, network, precision)
        if record.exists():
            made = json.loads(record.read_text())
            if made["key"] == key:
                return made
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        description = folder / "network.json"
        description.write_text(json.dumps({**network, "method": _method(row, network)}, indent=1))
        start = time.monotonic()
        try:
            made = workers.call(self.environments.python(row.peer),
                                ["prepare", row.peer, description, precision, folder],
                                self.environments.environment(row.peer), self._log(network, row, "make"), MAKE_TIMEOUT)
        except workers.Failed as failure:
            made = {"failed": str(failure)}
        made.update(key=key, seconds=time.monotonic() - start)
        record.write_text(json.dumps(made, indent=1))
        return made

    def answers(self, row, network, model, run=0, step=1):
        """The path of the answers of one of the row's runs, to every nth input; made unless newer than the model."""
        path = pathlib.Path(model).parent / f"answers-{run}-{self.every * step}.npz"
        if not path.exists() or path.stat().st_mtime < os.stat(model).st_mtime:
            self._answer(row, network, model, row.runs[run], self.every * step, path)
        return path

    def _answer(self, row, network, model, variables, every, path):
        environment = {**self.environments.environment(row.peer), **variables}
        worker = workers.Worker(self.environments.python(row.peer),
                                ["serve", row.peer, model, 1, self.cores, network["held_out"]], environment,
                                self._log(network, row, "answer"))
        try:
            worker.receive(ANSWER_TIMEOUT)
            partial = path.with_suffix(".part.npz")
            worker.ask({"do": "answer", "file": str(partial), "every": every}, ANSWER_TIMEOUT)
            partial.rename(path)
        finally:
            worker.kill()


def _method(row, network):
    """The row's method for this network: pixels only where there are pictures."""
    return {**row.method, "pixels": network["preprocessing"] is not None} if row.peer == "octet" else row.method
