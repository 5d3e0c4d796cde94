# SPDX-License-Identifier: Apache-2.0
"""python onnx_reference.py NETWORK.onnx FOLDER: runs the network over FOLDER's samples and writes its tensors to stdout.

FOLDER/task.json: {"inputs": [{"name", "dtype", "shape"}], "samples": N, "names": [tensors wanted]}; the bytes of input i
of sample s are in FOLDER/s_i.bin. For every sample, for each wanted tensor that is float32: length and bytes of its name,
rank, dimensions, values (little-endian u32 each, float32); behind a sample's last tensor a length of 0xffffffff.
"""
import json
import os
import struct
import sys

import numpy
import onnx
import onnxruntime


def open_session(path, names):
    """The network with every wanted value among its outputs, as written: no optimization renames or fuses anything."""
    model = onnx.load(path)
    outputs = {output.name for output in model.graph.output}
    written = {name for node in model.graph.node for name in node.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted((written & set(names)) - outputs))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def main(path, folder):
    with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
        task = json.load(file)
    session = open_session(path, task["names"])
    names = [output.name for output in session.get_outputs()]
    stream = sys.stdout.buffer
    for sample in range(task["samples"]):
        feed = {}
        for i, spec in enumerate(task["inputs"]):
            data = numpy.fromfile(os.path.join(folder, f"{sample}_{i}.bin"), dtype=spec["dtype"])
            feed[spec["name"]] = data.reshape(spec["shape"])
        for name, value in zip(names, session.run(names, feed)):
            if not isinstance(value, numpy.ndarray) or value.dtype != numpy.float32:
                continue
            encoded = name.encode()
            stream.write(struct.pack("<I", len(encoded)) + encoded)
            stream.write(struct.pack(f"<{value.ndim + 1}I", value.ndim, *value.shape))
            stream.write(numpy.ascontiguousarray(value).tobytes())
        stream.write(struct.pack("<I", 0xFFFFFFFF))
    stream.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
