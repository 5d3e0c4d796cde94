#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the classic networks with random weights, for timing: only the architecture matters there.

    make_networks.py FOLDER          writes each of NETWORKS and samples.npy (8 inputs) to FOLDER

Weights are drawn as He et al. initialize them (deviation sqrt(2 / inputs of a neuron)) from a fixed seed, with
batch normalization folded: each convolution has a bias. Input [batch, 3, size, size], output [batch, 1000] logits.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 224


class Network:
    """Builds an ONNX graph node after node; each method takes and returns the name of a value."""

    def __init__(self, name, size=SIZE, batch=1):
        self.name, self.size, self.batch = name, size, batch
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

    def save(self, path, output):
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [self.batch, 3, self.size, self.size])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [self.batch, 1000])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def mobilenet_v1(path, size=SIZE, batch=1):
    net = Network("mobilenet_v1", size, batch)
    x = net.conv("input", 3, 32, 3, stride=2, act="relu6")
    channels = 32
    for outputs, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [
            (1024, 2), (1024, 1)]:
        x = net.conv(x, channels, channels, 3, stride, channels, act="relu6")
        x = net.conv(x, channels, outputs, 1, act="relu6")
        channels = outputs
    net.save(path, net.classify(x, channels))


def inverted_residual(net, x, channels, outputs, expand, kernel, stride):
    """1x1 up, depthwise, 1x1 down, and the sum with x where the shapes allow it."""
    hidden = channels * expand
    y = net.conv(x, channels, hidden, 1, act="relu6") if expand > 1 else x
    y = net.conv(y, hidden, hidden, kernel, stride, hidden, act="relu6")
    y = net.conv(y, hidden, outputs, 1, gain=0.7)
    return net.add(x, y) if stride == 1 and channels == outputs else y


def mobilenet_v2(path, size=SIZE, batch=1, width=1.0):
    """Channels are multiplied by width and rounded to multiples of 8."""
    def scaled(count):
        return max(8, int(count * width + 4) // 8 * 8)

    net = Network("mobilenet_v2", size, batch)
    channels = scaled(32)
    x = net.conv("input", 3, channels, 3, stride=2, act="relu6")
    for expand, outputs, count, first_stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                                 (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(count):
            x = inverted_residual(net, x, channels, scaled(outputs), expand, 3, first_stride if i == 0 else 1)
            channels = scaled(outputs)
    last = max(1280, scaled(1280))
    x = net.conv(x, channels, last, 1, act="relu6")
    net.save(path, net.classify(x, last))


def efficientnet_lite0(path, size=SIZE, batch=1):
    """Depthwise 5x5, and channel counts that are no multiples of 16: 24, 40, 80, 112."""
    net = Network("efficientnet_lite0", size, batch)
    x, channels = net.conv("input", 3, 32, 3, stride=2, act="relu6"), 32
    for expand, kernel, outputs, count, first_stride in [
            (1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2), (6, 5, 112, 3, 1),
            (6, 5, 192, 4, 2), (6, 3, 320, 1, 1)]:
        for i in range(count):
            x = inverted_residual(net, x, channels, outputs, expand, kernel, first_stride if i == 0 else 1)
            channels = outputs
    x = net.conv(x, channels, 1280, 1, act="relu6")
    net.save(path, net.classify(x, 1280))


def resnet_stem(net):
    return net.max_pool(net.conv("input", 3, 64, 7, stride=2, act="relu"))


def resnet18(path, size=SIZE, batch=1):
    net = Network("resnet18", size, batch)
    x, channels = resnet_stem(net), 64
    for stage, outputs in enumerate([64, 128, 256, 512]):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            y = net.conv(x, channels, outputs, 3, stride, act="relu")
            y = net.conv(y, outputs, outputs, 3, gain=0.5)
            shortcut = x if channels == outputs else net.conv(x, channels, outputs, 1, stride)
            x = net.activate(net.add(y, shortcut), "relu")
            channels = outputs
    net.save(path, net.classify(x, channels))


def resnet50(path, size=SIZE, batch=1):
    net = Network("resnet50", size, batch)
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
    net.save(path, net.classify(x, channels))


NETWORKS = {"mobilenet_v1": mobilenet_v1, "mobilenet_v2": mobilenet_v2, "resnet18": resnet18, "resnet50": resnet50,
            "efficientnet_lite0": efficientnet_lite0}


def samples(count, size=SIZE):
    """Blurred noise of about unit deviation, as normalized photographs are: neighbouring pixels are alike."""
    random = np.random.default_rng(11)
    coarse = random.standard_normal((count, 3, -(-size // 8), -(-size // 8))).astype(np.float32)
    pictures = np.repeat(np.repeat(coarse, 8, axis=2), 8, axis=3)[:, :, :size, :size]
    return pictures + 0.2 * random.standard_normal(pictures.shape).astype(np.float32)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in NETWORKS.items():
        write(folder / f"{name}.onnx")
    np.save(folder / "samples.npy", samples(8))


if __name__ == "__main__":
    main()
