# SPDX-License-Identifier: Apache-2.0
"""Networks that other tools quantized: each layer agrees with onnxruntime within one step, whole networks up to
what such steps grow to."""
import logging
import os
import unittest

import numpy as np
import onnx

import networks
import runner

logging.disable(logging.WARNING)  # onnxruntime's quantizers advise
OCTET = runner.Octet(os.environ["OCTET_COMMAND"])


def input_of(model, seed=11):
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    return {"x": networks.samples(1, shape, seed)[0]}


class Import(unittest.TestCase):
    def check_whole(self, model, least_db, *options):
        feeds = input_of(model)
        expected = runner.run_onnxruntime(model, feeds)
        actual, said = OCTET.outputs(model, feeds, [output.name for output in model.graph.output], *options)
        for one, other in zip(actual, expected):
            self.assertGreater(runner.sqnr_db(one, other), least_db)
        return said

    def check_steps(self, difference, layer, u8_weights):
        """At most one step anywhere; the same step in nine elements of ten, or all but three of a few. The average
        of four pixels is a tie every fourth time. Asymmetric weights (u8) that do not fit in [-127, 127] are put on a
        coarser scale, which shows."""
        ops = [node.op_type for node in layer.graph.node]
        self.assertLessEqual(difference.max(), 3 if u8_weights else 1, ops)
        if not u8_weights:
            share = 0.25 if "AveragePool" in ops or "QLinearAveragePool" in ops else 0.1
            self.assertLessEqual(np.sum(difference != 0), max(3, share * difference.size), ops)

    def check_layers(self, model, least=3, u8_weights=False):
        values = runner.all_tensors(model, input_of(model))
        count, worst, steps, equal = 0, "", 0, []
        for layer in runner.layers(model, values):
            feeds = {name: values[name] for name in layer.inputs}
            expected = runner.run_onnxruntime(layer.model, feeds)[0]
            (actual,), _ = OCTET.outputs(layer.model, feeds, [layer.output])
            self.check_steps(np.rint(np.abs(actual - expected) / layer.scale), layer.model, u8_weights)
            count += 1
        self.assertGreaterEqual(count, least)

    def check(self, model, least_db=25, layers=3, u8_weights=False):
        said = self.check_whole(model, least_db)
        self.check_layers(model, layers, u8_weights)
        return said

    def test_torch_fake_quantize(self):
        for options in ({}, {"opset": 10, "weights_per_channel": False}, {"reduce_range": True}, {"bias": False},
                        {"batch_norm": True}):
            with self.subTest(**options):
                self.check(networks.torch_fake_quantize(**options))

    def test_torch_converted(self):
        self.assertNotIn("in float:", self.check(networks.torch_converted(), 25, 8))

    def test_tf2onnx(self):
        self.check(networks.tf2onnx_qdq())

    def test_brevitas(self):
        for options in ({}, {"as_node": False}, {"weight_clip": (-7, 7), "weight_steps": 7, "relu_clip": (0, 15)}):
            with self.subTest(**options):
                said = self.check(networks.brevitas_qcdq(**options))
                self.assertNotIn("in float:", said)

    def test_fake_quantization_in_arithmetic(self):
        for form in ("round_clip", "clip_round", "min_max", "where", "decomposed"):
            with self.subTest(form):
                said = self.check_whole(networks.arithmetic_fake_quantize(form), 30)
                self.assertNotIn("in float:", said)
                self.assertIn("brings its own scales for 3 activations", said)

    def test_quantize_static_qdq(self):
        from onnxruntime.quantization import QuantFormat, QuantType
        for options in (dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8),
                        dict(activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, per_channel=True),
                        dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True,
                             reduce_range=True),
                        dict(extra_options={"ActivationSymmetric": True, "AddQDQPairToWeight": True})):
            with self.subTest(**options):
                u8_weights = options.get("weight_type") == QuantType.QUInt8
                model = networks.quantize_static(quant_format=QuantFormat.QDQ, **options)
                self.check(model, 10 if u8_weights else 20, 12, u8_weights)

    def test_quantize_static_in_16_bits(self):
        """The scale's range is kept in half as many steps; four of the operators have no 16-bit form."""
        from onnxruntime.quantization import QuantFormat, QuantType
        for kind in (QuantType.QInt16, QuantType.QUInt16):
            model = networks.quantize_static(quant_format=QuantFormat.QDQ, activation_type=kind)
            said = self.check_whole(model, 30)
            self.assertIn("activations have 16 bits", said)
            self.check_whole(model, 25, "--precision", "fp32")

    def test_quantize_static_operators(self):
        from onnxruntime.quantization import QuantFormat, QuantType
        for options in (dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True),
                        dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8)):
            u8_weights = options["weight_type"] == QuantType.QUInt8
            model = networks.quantize_static(quant_format=QuantFormat.QOperator, **options)
            values = runner.all_tensors(model, input_of(model))
            seen = set()
            for layer, inputs, output in runner.operator_layers(model, values):
                kind = layer.graph.node[0].op_type
                with self.subTest(kind, **options):
                    feeds = {name: values[name] for name in inputs}
                    (actual,), _ = OCTET.outputs(layer, feeds, [output])
                    self.check_steps(np.abs(actual.astype(int) - values[output].astype(int)), layer, u8_weights)
                    seen.add(kind)
            self.assertGreaterEqual(len(seen), 10, seen)
            self.check_whole(model, 10 if u8_weights else 20)

    def test_quantize_dynamic(self):
        """Weights keep their integers; in fp32 the difference is the rounding of activations that Octet leaves out,
        in INT8 the activations are calibrated."""
        from onnxruntime.quantization import QuantType
        for kind in (QuantType.QInt8, QuantType.QUInt8):
            model = networks.quantize_dynamic(weight_type=kind)
            said = self.check_whole(model, 25, "--precision", "fp32")
            self.assertIn("dynamic quantization", said)
            self.check_whole_calibrated(model, 15)

    def check_whole_calibrated(self, model, least_db):
        with networks.tempfile.TemporaryDirectory() as folder:
            for i, sample in enumerate(networks.samples(12)):
                np.save(f"{folder}/{i:02}.npy", sample)
            return self.check_whole(model, least_db, "--calibration", folder)

    def test_a_partly_quantized_network_is_calibrated(self):
        b = networks.Builder(13)
        x = b.qdq("x", 0.03, 0)
        x = b.node("Conv", [x, b.constant(b.weights(8, 3, 3, 3))], pads=[1, 1, 1, 1])
        x = b.qdq(b.node("Relu", [x]), 0.03, -128)
        x = b.node("Conv", [x, b.constant(b.weights(8, 8, 3, 3))], pads=[1, 1, 1, 1])
        x = b.node("HardSwish", [x]) if b.opset >= 14 else b.node("LeakyRelu", [x], alpha=0.2)
        x = b.node("Conv", [x, b.constant(b.weights(4, 8, 1, 1))])
        model = b.model(b.node("Sigmoid", [x]))
        said = self.check_whole(model, 30)
        self.assertIn("gives no scale", said)
        said = self.check_whole_calibrated(model, 25)
        self.assertNotIn("in float:", said)
        self.assertIn("got one from the samples", said)

    def test_scales_pass_through_what_keeps_steps(self):
        b = networks.Builder(13)
        x = b.qdq("x", 0.03, 0)
        x = b.node("MaxPool", [b.node("Relu", [x])], kernel_shape=[2, 2], strides=[2, 2])
        x = b.node("Transpose", [b.node("Clip", [x, "", b.constant(0.03 * 40)])], perm=[0, 2, 3, 1])
        x = b.node("MatMul", [x, b.constant(b.weights(3, 4))])
        model = b.model(b.qdq(x, 0.02, 0))
        self.assertNotIn("in float:", self.check_whole(model, 35))


if __name__ == "__main__":
    unittest.main()
