# SPDX-License-Identifier: Apache-2.0
"""Small quantized networks of the structures that the common tools write. What a tool of its own can make
(onnxruntime's quantizers) is made by it; the others are built node by node as their exports look."""
import pathlib
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHAPE = [1, 3, 12, 12]


class Builder:
    def __init__(self, opset, shape=None):
        self.opset, self.shape = opset, shape or SHAPE
        self.nodes, self.constants, self.random = [], [], np.random.default_rng(opset)

    def constant(self, value, as_node=False, dtype=np.float32):
        name = f"c{len(self.constants) + len(self.nodes)}"
        tensor = numpy_helper.from_array(np.asarray(value, dtype), name)
        if as_node:
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self.constants.append(tensor)
        return name

    def node(self, op, inputs, domain="", outputs=1, **attributes):
        names = [f"t{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}_{len(self.nodes)}", domain=domain,
                                           **attributes))
        return names[0] if outputs == 1 else names

    def weights(self, *shape, scale=0.4):
        return (self.random.standard_normal(shape) * scale).astype(np.float32)

    def model(self, output, kind=TensorProto.FLOAT, in_kind=TensorProto.FLOAT):
        graph = helper.make_graph(self.nodes, "network", [helper.make_tensor_value_info("x", in_kind, self.shape)],
                                  [helper.make_tensor_value_info(output, kind, None)], self.constants)
        opsets = [helper.make_opsetid("", self.opset)]
        if any(node.domain for node in self.nodes):
            opsets.append(helper.make_opsetid("com.microsoft", 1))
        model = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=opsets, ir_version=8))
        del model.graph.value_info[:]
        return model

    # QuantizeLinear, perhaps a Clip of the bytes, DequantizeLinear
    def qdq(self, x, scale, zero=0, dtype=np.int8, clip=None, as_node=False, cast=False):
        s, z = self.constant(scale, as_node), self.constant(zero, as_node, dtype)
        bytes_ = self.node("QuantizeLinear", [x, s, z])
        if clip is not None:
            bounds = ["" if bound is None else self.constant(bound, as_node, dtype) for bound in clip]
            bytes_ = self.node("Clip", [bytes_, *bounds])
        if cast:
            bytes_ = self.node("Cast", [bytes_], to=TensorProto.UINT8 if dtype == np.uint8 else TensorProto.INT8)
        return self.node("DequantizeLinear", [bytes_, s, z])


def per_channel(weights, axis=0, steps=127):
    others = tuple(i for i in range(weights.ndim) if i != axis)
    return np.maximum(np.abs(weights).max(axis=others), 1e-6).astype(np.float32) / np.float32(steps)


def along(scale, axis, rank):
    return scale.reshape([-1 if i == axis else 1 for i in range(rank)])


def torch_fake_quantize(opset=13, weights_per_channel=True, reduce_range=False, bias=True, batch_norm=False):
    """FakeQuantize modules (fx or eager QAT) through torch.onnx.export: Q/DQ on float weights, u8 activations;
    with reduce_range a Clip of 0..127 between. The bias stays float. In QAT with batch normalization the weights
    are those behind its factor, which a Div takes away again."""
    b = Builder(opset)
    clip = (None, 127) if reduce_range else None
    wide = 2 if reduce_range else 1

    def weights(values):
        if not weights_per_channel:
            scale, zero = b.constant(np.abs(values).max() / 127), b.constant(0, dtype=np.int8)
            attributes = {}
        else:
            scale = b.constant(per_channel(values))
            zero = b.constant(np.zeros(len(values)), dtype=np.int8)
            attributes = {"axis": 0}
        q = b.node("QuantizeLinear", [b.constant(values), scale, zero], **attributes)
        return b.node("DequantizeLinear", [q, scale, zero], **attributes)

    def conv(x, out, channels, group=1, kernel=3):
        inputs = [x, weights(b.weights(out, channels // group, kernel, kernel))]
        if bias:
            inputs.append(b.constant(b.weights(out)))
        return b.node("Conv", inputs, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, group=group)

    x = b.qdq("x", 0.03 * wide, 120 // wide, np.uint8, clip)
    x = conv(x, 8, 3)
    if batch_norm:
        factor = np.abs(b.weights(8)) + np.float32(0.5)
        x = b.node("Div", [x, b.constant(factor.reshape(1, 8, 1, 1))])
        x = b.node("BatchNormalization", [x] + [b.constant(v) for v in (
            factor, b.weights(8), b.weights(8), np.ones(8) - 1e-5)], epsilon=1e-5)
    x = b.qdq(b.node("Relu", [x]), 0.025 * wide, 0, np.uint8, clip)
    x = b.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    y = conv(x, 8, 8, group=8)
    y = (b.node("Clip", [y], min=0.0, max=6.0) if opset < 11 else
         b.node("Clip", [y, b.constant(0.0), b.constant(6.0)]))
    y = b.qdq(y, 6 / 255 * wide, 0, np.uint8, clip)
    y = b.qdq(conv(y, 8, 8, kernel=1), 0.05 * wide, 130 // wide, np.uint8, clip)
    x = b.qdq(b.node("Relu", [b.node("Add", [x, y])]), 0.04 * wide, 0, np.uint8, clip)
    x = b.qdq(b.node("GlobalAveragePool", [x]), 0.02 * wide, 0, np.uint8, clip)
    x = b.node("Flatten", [x], axis=1)
    inputs = [x, weights(b.weights(5, 8)), b.constant(b.weights(5))]
    return b.model(b.node("Gemm", inputs, transB=1))


def torch_converted():
    """convert_fx through torch.onnx.export: s8 weights, s32 bias with scale and zero points that are folded from
    ConstantOfShape, a Cast to the same type between Q and DQ, Relu and Clip between roundings of their own."""
    b = Builder(17)

    def conv(x, scale_x, out, channels, group=1):
        values = b.weights(out, channels // group, 3, 3)
        scale = per_channel(values)
        w = b.node("DequantizeLinear", [b.constant(np.rint(values / along(scale, 0, 4)), dtype=np.int8),
                                        b.constant(scale), b.constant(np.zeros(out), dtype=np.int8)], axis=0)
        scale = (scale * np.float32(scale_x)).astype(np.float32)
        zero = b.node("ConstantOfShape", [b.constant([out], dtype=np.int64)],
                      value=numpy_helper.from_array(np.zeros(1, np.int64)))
        zero = b.node("Cast", [zero], to=TensorProto.INT32)
        bias = b.node("DequantizeLinear", [b.constant(np.rint(b.weights(out) / scale), dtype=np.int32),
                                           b.constant(scale), zero], axis=0)
        return b.node("Conv", [x, w, bias], pads=[1, 1, 1, 1], group=group)

    x = b.qdq("x", 0.03, 120, np.uint8, cast=True)
    x = b.qdq(b.node("Relu", [conv(x, 0.03, 8, 3)]), 0.025, 0, np.uint8, cast=True)
    y = b.qdq(conv(x, 0.025, 8, 8, 8), 0.06, 110, np.uint8, cast=True)
    y = b.qdq(b.node("Clip", [y, b.constant(0.0), b.constant(6.0)]), 0.06, 110, np.uint8, cast=True)
    x = b.qdq(b.node("Relu", [b.node("Add", [x, y])]), 0.05, 40, np.uint8, cast=True)
    x = b.qdq(b.node("Concat", [x, y], axis=1), 0.05, 60, np.uint8, cast=True)
    x = b.qdq(b.node("Slice", [x, *(b.constant([i], dtype=np.int64) for i in (2, 10, 1))]), 0.04, 0, np.uint8)
    x = b.qdq(b.node("GlobalAveragePool", [x]), 0.04, 0, np.uint8)
    return b.model(b.qdq(b.node("Flatten", [x], axis=1), 0.03, 3, np.uint8))


def tf2onnx_qdq():
    """Keras QAT through tf2onnx: NHWC with Transposes, Q/DQ around everything, weights with their scales along
    the last axis and turned behind DequantizeLinear, bias in a node of its own."""
    b = Builder(13, [1, 12, 12, 3])

    def weights(values, axis, perm):
        scale = b.constant(per_channel(values, axis))
        zero = b.constant(np.zeros(values.shape[axis]), dtype=np.int8)
        q = b.node("QuantizeLinear", [b.constant(values), scale, zero], axis=axis)
        return b.node("Transpose", [b.node("DequantizeLinear", [q, scale, zero], axis=axis)], perm=perm)

    x = b.qdq("x", 0.03, -5)
    x = b.node("Transpose", [x], perm=[0, 3, 1, 2])
    x = b.node("Conv", [x, weights(b.weights(3, 3, 3, 8), 3, [3, 2, 0, 1])], pads=[1, 1, 1, 1], strides=[2, 2])
    x = b.node("Add", [x, b.constant(b.weights(1, 8, 1, 1))])
    x = b.node("Transpose", [b.node("Relu", [x])], perm=[0, 2, 3, 1])
    x = b.qdq(x, 0.03, -128)
    x = b.node("Transpose", [x], perm=[0, 3, 1, 2])
    x = b.node("Conv", [x, weights(b.weights(3, 3, 8, 1), 2, [2, 3, 0, 1])], pads=[1, 1, 1, 1], group=8)
    x = b.node("Transpose", [b.node("Add", [x, b.constant(b.weights(1, 8, 1, 1))])], perm=[0, 2, 3, 1])
    x = b.qdq(x, 0.06, 7)
    x = b.qdq(b.node("ReduceMean", [x], axes=[1, 2], keepdims=0), 0.03, 4)
    dense = weights(b.weights(8, 4), 1, [0, 1])
    x = b.node("Add", [b.node("MatMul", [x, dense]), b.constant(b.weights(4))])
    x = b.qdq(x, 0.05, 10)
    return b.model(b.qdq(b.node("Softmax", [x], axis=-1), 1 / 256, -128))


def brevitas_qcdq(as_node=True, weight_clip=(-127, 127), weight_steps=127, relu_clip=None):
    """Brevitas' QCDQ: scales in Constant nodes, weights as float -> Q -> Clip -> DQ (narrow range) or as s8 -> Clip
    -> DQ, activations with a Clip of their own where they have fewer bits, bias as s32 behind DequantizeLinear."""
    b = Builder(13)

    def weights(values, ready):
        scale = per_channel(values, steps=weight_steps)
        s, z = b.constant(scale, as_node), b.constant(np.zeros(len(scale)), as_node, np.int8)
        if ready:
            q = np.clip(np.rint(values / along(scale, 0, values.ndim)), *weight_clip)
            q = b.constant(q, as_node, np.int8)
        else:
            q = b.node("QuantizeLinear", [b.constant(values), s, z], axis=0)
        q = b.node("Clip", [q, b.constant(weight_clip[0], as_node, np.int8),
                            b.constant(weight_clip[1], as_node, np.int8)])
        return b.node("DequantizeLinear", [q, s, z], axis=0), scale

    def conv(x, scale_x, out, channels, group=1, ready=True):
        w, scale = weights(b.weights(out, channels // group, 3, 3), ready)
        scale = (scale * np.float32(scale_x)).astype(np.float32)
        bias = b.constant(np.rint(b.weights(out) / scale), as_node, np.int32)
        s, z = b.constant(scale, as_node), b.constant(np.zeros(out), as_node, np.int32)
        return b.node("Conv", [x, w, b.node("DequantizeLinear", [bias, s, z], axis=0)], pads=[1, 1, 1, 1], group=group)

    x = b.qdq("x", 0.03, 0, np.int8, (-127, 127), as_node)
    x = b.node("Relu", [conv(x, 0.03, 8, 3)])
    x = b.qdq(x, 0.02 if relu_clip is None else 0.3, 0, np.uint8, relu_clip, as_node)
    x = conv(x, 0.02 if relu_clip is None else 0.3, 8, 8, group=8, ready=False)
    x = b.qdq(x, 0.05, 0, np.int8, (-127, 127), as_node)
    x = b.node("Relu", [conv(x, 0.05, 6, 8)])
    x = b.qdq(x, 0.1, 0, np.uint8, None, as_node)
    return b.model(x)


def arithmetic_fake_quantize(form="round_clip"):
    """Fake quantization written out: Div, Round, Clip, Mul with a zero point added and taken away again; weights
    (narrow, per channel) and activations (u8 with a zero point, 4 bits)."""
    b = Builder(13)

    def fake(x, scale, low, high, zero=0.0):
        s = b.constant(scale)
        x = b.node("Div", [x, s]) if form != "decomposed" else b.node("Mul", [x, b.constant(1 / np.asarray(scale))])
        if form == "clip_round":
            x = b.node("Clip", [x, b.constant(low - zero), b.constant(high - zero)])
            return b.node("Mul", [b.node("Round", [x]), s])
        if form == "min_max":
            x = b.node("Round", [b.node("Add", [x, b.constant(zero)])])
            x = b.node("Min", [b.constant(high), b.node("Max", [x, b.constant(low)])])
        elif form == "where":  # Brevitas' clamp
            x = b.node("Round", [b.node("Add", [x, b.constant(zero)])])
            x = b.node("Where", [b.node("Greater", [x, b.constant(high)]), b.constant(high), x])
            x = b.node("Where", [b.node("Less", [x, b.constant(low)]), b.constant(low), x])
        else:
            x = b.node("Add", [b.node("Round", [x]), b.constant(zero)])
            x = b.node("Clip", [x, b.constant(low), b.constant(high)])
        if form == "decomposed":  # quantize_per_tensor / dequantize_per_tensor
            kind = TensorProto.UINT8 if low == 0 else TensorProto.INT8
            x = b.node("Cast", [b.node("Cast", [x], to=kind)], to=TensorProto.FLOAT)
        return b.node("Mul", [b.node("Sub", [x, b.constant(zero)]), s])

    def weights(values):
        return fake(b.constant(values), along(per_channel(values) * np.float32(1.1), 0, values.ndim), -127.0, 127.0)

    x = fake("x", 0.03, 0.0, 255.0, 128.0)
    x = b.node("Relu", [b.node("Conv", [x, weights(b.weights(8, 3, 3, 3)), b.constant(b.weights(8))],
                               pads=[1, 1, 1, 1])])
    x = fake(x, 0.4, 0.0, 15.0)
    x = b.node("Conv", [x, weights(b.weights(8, 1, 3, 3))], pads=[1, 1, 1, 1], group=8)
    return b.model(fake(x, 0.07, -128.0, 127.0))


def float_network():
    """What onnxruntime's quantizers are given: the operators that they have a quantized form for."""
    b = Builder(17)

    def conv(x, out, channels, group=1, kernel=3, **attributes):
        inputs = [x, b.constant(b.weights(out, channels // group, kernel, kernel)), b.constant(b.weights(out))]
        return b.node("Conv", inputs, pads=[kernel // 2] * 4, group=group, **attributes)

    x = b.node("Relu", [conv("x", 8, 3)])
    y = b.node("Clip", [conv(x, 8, 8, group=8), b.constant(0.0), b.constant(6.0)])
    x = b.node("Add", [x, conv(y, 8, 8, kernel=1)])
    x = b.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    gate = b.node("Sigmoid", [conv(b.node("GlobalAveragePool", [x]), 8, 8, kernel=1)])
    x = b.node("Mul", [x, gate])
    y = b.node("LeakyRelu", [conv(x, 8, 8)], alpha=0.1)
    x = b.node("Concat", [x, y], axis=1)
    x = b.node("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("Resize", [x, "", b.constant([1, 1, 2, 2])], mode="nearest", coordinate_transformation_mode="asymmetric",
               nearest_mode="floor")
    x = conv(x, 4, 16, strides=[2, 2])
    x = b.node("Reshape", [x, b.constant([1, -1], dtype=np.int64)])
    x = b.node("Gemm", [x, b.constant(b.weights(10, 36, scale=0.03)), b.constant(b.weights(10))], transB=1)
    x = b.node("MatMul", [x, b.constant(b.weights(10, 6, scale=0.1))])
    return b.model(b.node("Softmax", [x], axis=-1))


def samples(count=8, shape=None, seed=5):
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape or SHAPE).astype(np.float32) for _ in range(count)]


def quantize_static(**options):
    """onnxruntime.quantization.quantize_static on float_network()."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = [{"x": sample} for sample in samples()]

        def get_next(self):
            return self.left.pop() if self.left else None

    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "float.onnx", pathlib.Path(folder) / "quantized.onnx"
        onnx.save(float_network(), source)
        quantization.quantize_static(source, target, Reader(), **options)
        return onnx.load(target)


def quantize_dynamic(**options):
    from onnxruntime import quantization

    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "float.onnx", pathlib.Path(folder) / "quantized.onnx"
        onnx.save(float_network(), source)
        quantization.quantize_dynamic(source, target, **options)
        return onnx.load(target)
