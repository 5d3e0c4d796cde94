#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the building blocks of mobile networks with random weights, for counting instructions.

    make_blocks.py FOLDER      FOLDER/<name>.onnx, and its samples in FOLDER/<name>_samples/

dwpw_C_S: depthwise 3x3 and pointwise 1x1 on S x S pixels of C channels. conv3_C_S: one 3x3 layer.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "compare"))
from make_networks import Network  # noqa: E402

SIZES = ((64, 56), (128, 28), (256, 14), (512, 14))


def save(net, output, channels, size, folder):
    shape = [1, channels, size, size]
    graph = helper.make_graph(net.nodes, net.name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)], net.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(folder / f"{net.name}.onnx"))
    samples = folder / f"{net.name}_samples"
    samples.mkdir(exist_ok=True)
    random = np.random.default_rng(1)
    for i in range(10):
        np.save(samples / f"{i}.npy", np.abs(random.standard_normal(shape)).astype(np.float32))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for channels, size in SIZES:
        net = Network(f"dwpw_{channels}_{size}")
        value = net.conv("x", channels, channels, 3, 1, channels, "relu6")
        save(net, net.conv(value, channels, channels, 1, 1, 1, "relu6"), channels, size, folder)
        net = Network(f"conv3_{channels}_{size}")
        save(net, net.conv("x", channels, channels, 3, 1, 1, "relu"), channels, size, folder)


if __name__ == "__main__":
    main()
