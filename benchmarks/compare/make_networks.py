#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the classic networks with random weights, for timing: only the architecture matters there.

    make_networks.py FOLDER          writes mobilenet_v1.onnx, mobilenet_v2.onnx, resnet18.onnx, resnet50.onnx,
                                     and samples.npy (8 inputs) to FOLDER

Weights are drawn as He et al. initialize them (deviation sqrt(2 / inputs of a neuron)) from a fixed seed, with
batch normalization folded: each convolution has a bias. Input [1, 3, 224, 224], output [1, 1000] logits.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 224


class Network:
    """Builds an ONNX graph node after node; each method takes and returns the name of a value."""

    def __init__(self, name):
        self.name = name
        self.random = np.random.default_rng(7)
        self.nodes = []
        self.constants = []

    def _constant(self, name, array):
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _add(self, op, inputs, **attributes):
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x, inputs, outputs, kernel, stride=1, groups=1, act=None, gain=1.0):
        """Convolution with bias and "same" padding for odd kernels; act is None, "relu" or "relu6"."""
        fan_in = inputs // groups * kernel * kernel
        shape = (outputs, inputs // groups, kernel, kernel)
        scale = gain * np.sqrt(2.0 / fan_in)
        n = len(self.nodes)
        weights = self._constant(f"weights_{n}", (self.random.standard_normal(shape) * scale).astype(np.float32))
        bias = self._constant(f"bias_{n}", (self.random.standard_normal(outputs) * 0.1).astype(np.float32))
        pad = kernel // 2
        y = self._add("Conv", [x, weights, bias], kernel_shape=[kernel, kernel], strides=[stride, stride],
                      pads=[pad] * 4, group=groups)
        return self.activate(y, act)

    def activate(self, x, act):
        if act == "relu":
            return self._add("Relu", [x])
        if act == "relu6":
            low = self._constant(f"low_{len(self.nodes)}", np.float32(0))
            high = self._constant(f"high_{len(self.nodes)}", np.float32(6))
            return self._add("Clip", [x, low, high])
        return x

    def add(self, a, b):
        return self._add("Add", [a, b])

    def max_pool(self, x):
        return self._add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)

    def classify(self, x, inputs, classes=1000):
        """Global average pooling and a fully connected layer."""
        x = self._add("Flatten", [self._add("GlobalAveragePool", [x])], axis=1)
        shape = (classes, inputs)
        weights = (self.random.standard_normal(shape) * np.sqrt(1.0 / inputs)).astype(np.float32)
        return self._add("Gemm", [x, self._constant("classifier_weights", weights),
                                  self._constant("classifier_bias", np.zeros(classes, np.float32))], transB=1)

    def save(self, folder, output):
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 1000])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{self.name}.onnx")


def mobilenet_v1(folder):
    net = Network("mobilenet_v1")
    x = net.conv("input", 3, 32, 3, stride=2, act="relu6")
    channels = 32
    for outputs, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [
            (1024, 2), (1024, 1)]:
        x = net.conv(x, channels, channels, 3, stride, channels, act="relu6")
        x = net.conv(x, channels, outputs, 1, act="relu6")
        channels = outputs
    net.save(folder, net.classify(x, channels))


def mobilenet_v2(folder):
    net = Network("mobilenet_v2")
    x = net.conv("input", 3, 32, 3, stride=2, act="relu6")
    channels = 32
    for expand, outputs, count, first_stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                                 (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(count):
            stride = first_stride if i == 0 else 1
            hidden = channels * expand
            y = net.conv(x, channels, hidden, 1, act="relu6") if expand > 1 else x
            y = net.conv(y, hidden, hidden, 3, stride, hidden, act="relu6")
            y = net.conv(y, hidden, outputs, 1, gain=0.7)
            x = net.add(x, y) if stride == 1 and channels == outputs else y
            channels = outputs
    x = net.conv(x, channels, 1280, 1, act="relu6")
    net.save(folder, net.classify(x, 1280))


def resnet_stem(net):
    return net.max_pool(net.conv("input", 3, 64, 7, stride=2, act="relu"))


def resnet18(folder):
    net = Network("resnet18")
    x, channels = resnet_stem(net), 64
    for stage, outputs in enumerate([64, 128, 256, 512]):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            y = net.conv(x, channels, outputs, 3, stride, act="relu")
            y = net.conv(y, outputs, outputs, 3, gain=0.5)
            shortcut = x if channels == outputs else net.conv(x, channels, outputs, 1, stride)
            x = net.activate(net.add(y, shortcut), "relu")
            channels = outputs
    net.save(folder, net.classify(x, channels))


def resnet50(folder):
    net = Network("resnet50")
    x, channels = resnet_stem(net), 64
    for stage, (inner, count) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)]):
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            y = net.conv(x, channels, inner, 1, act="relu")
            y = net.conv(y, inner, inner, 3, stride, act="relu")
            y = net.conv(y, inner, inner * 4, 1, gain=0.5)
            shortcut = x if block > 0 else net.conv(x, channels, inner * 4, 1, stride)
            x = net.activate(net.add(y, shortcut), "relu")
            channels = inner * 4
    net.save(folder, net.classify(x, channels))


NETWORKS = {"mobilenet_v1": mobilenet_v1, "mobilenet_v2": mobilenet_v2, "resnet18": resnet18, "resnet50": resnet50}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for write in NETWORKS.values():
        write(folder)
    # Blurred noise of about unit deviation, as normalized photographs are: neighbouring pixels are alike.
    random = np.random.default_rng(11)
    coarse = random.standard_normal((8, 3, SIZE // 8, SIZE // 8)).astype(np.float32)
    samples = np.repeat(np.repeat(coarse, 8, axis=2), 8, axis=3)
    samples += 0.2 * random.standard_normal(samples.shape).astype(np.float32)
    np.save(folder / "samples.npy", samples)


if __name__ == "__main__":
    main()
