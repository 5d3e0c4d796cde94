# SPDX-License-Identifier: Apache-2.0
"""LiteRT (TensorFlow Lite) with the XNNPACK delegate: ONNX through onnx2tf, quantized by TensorFlow's converter
(full integer, weights per channel, float inputs and outputs). Its networks are NHWC: the input is transposed untimed.
"""
import pathlib

import numpy as np


def version():
    import importlib.metadata
    import ai_edge_litert.interpreter
    assert ai_edge_litert.interpreter
    return f"litert {importlib.metadata.version('ai-edge-litert')}"


def _with_harmless_padding(source, target):
    """Copies an ONNX file; max pooling behind a Relu gets its padding as zeros, which changes nothing there. onnx2tf
    would pad with the lowest float, and TensorFlow's quantizer would stretch the scale to reach it."""
    import onnx
    model = onnx.load(source)
    made_by = {output: node for node in model.graph.node for output in node.output}
    nodes = []
    for node in model.graph.node:
        pads = next((list(a.ints) for a in node.attribute if a.name == "pads"), [])
        producer = made_by.get(node.input[0]) if node.input else None
        if node.op_type == "MaxPool" and any(pads) and producer is not None and producer.op_type == "Relu":
            padded, amounts = node.input[0] + "_padded", node.name + "_pads"
            model.graph.initializer.append(onnx.helper.make_tensor(
                amounts, onnx.TensorProto.INT64, [8], [0, 0, *pads[:2], 0, 0, *pads[2:]]))
            nodes.append(onnx.helper.make_node("Pad", [node.input[0], amounts], [padded]))
            node.input[0] = padded
            kept = [a for a in node.attribute if a.name != "pads"]
            del node.attribute[:]
            node.attribute.extend(kept)
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, target)


def _to_saved_model(network, samples, folder):
    import onnx2tf
    import onnx2tf.onnx2tf as implementation
    # onnx2tf downloads pictures to try the network on; it gets the calibration images instead.
    implementation.download_test_image_data = lambda: samples
    copy = folder.parent / "network.onnx"
    _with_harmless_padding(network["simplified"], copy)
    onnx2tf.convert(input_onnx_file_path=str(copy), output_folder_path=str(folder), not_use_onnxsim=True,
                    non_verbose=True)


def prepare(network, precision, folder):
    folder = pathlib.Path(folder)
    samples = np.load(network["calibration"])
    layout = (0, *range(2, samples.ndim), 1) if samples.ndim == 4 else tuple(range(samples.ndim))
    samples = np.ascontiguousarray(samples.transpose(layout))
    _to_saved_model(network, samples, folder / "saved_model")
    import tensorflow as tf
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved_model"))
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample[None]] for sample in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    path = folder / f"{precision}.tflite"
    path.write_bytes(converter.convert())
    return str(path)


class _Runner:
    def __init__(self, path, threads):
        from ai_edge_litert.interpreter import Interpreter
        self.interpreter = Interpreter(model_path=path, num_threads=threads)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.results = [output["index"] for output in self.interpreter.get_output_details()]
        self.run = self.interpreter.invoke

    def set(self, array):
        if array.ndim == 4:
            array = array.transpose(0, 2, 3, 1)
        self.interpreter.set_tensor(self.input["index"], np.ascontiguousarray(array))

    def outputs(self):
        return [self.interpreter.get_tensor(index) for index in self.results]


def load(path, threads):
    return _Runner(path, threads)
