# SPDX-License-Identifier: Apache-2.0
"""Runs an ONNX network in onnxruntime and, converted, in Octet; cuts a quantized network into its layers."""
import pathlib
import subprocess
import tempfile

import numpy as np
import onnx
import onnxruntime


def run_onnxruntime(model, feeds, optimized=False, outputs=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = model if isinstance(model, (str, pathlib.Path)) else model.SerializeToString()
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    return session.run(outputs, feeds)


class Octet:
    """The octet command. `convert` and `run` raise AssertionError with what it said."""

    def __init__(self, command):
        self.command = str(command)

    def call(self, *arguments):
        done = subprocess.run([self.command, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, f"octet {' '.join(map(str, arguments))}: {done.stderr}{done.stdout}"
        return done.stdout + done.stderr

    def outputs(self, network, feeds, names, *options):
        """The outputs of an ONNX network (a model or a path), converted with `options`; and what convert said."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            path = network
            if not isinstance(network, (str, pathlib.Path)):
                path = folder / "network.onnx"
                onnx.save(network, path)
            said = self.call("convert", path, "-o", folder / "network.octet", "--verbose", *options)
            return self.run(folder / "network.octet", feeds, names), said

    def run(self, octet_model, feeds, names):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            inputs = []
            for i, (key, value) in enumerate(feeds.items()):
                np.save(folder / f"in{i}.npy", value)
                inputs += ["--input", f"{key}={folder / f'in{i}.npy'}"]
            self.call("run", octet_model, *inputs, "--output", folder / "out")
            return [np.load(folder / "out" / f"{safe_name(output)}.npy") for output in names]


def safe_name(name):
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)


def sqnr_db(actual, expected):
    expected = np.asarray(expected, np.float64)
    noise = np.sum((np.asarray(actual, np.float64) - expected) ** 2)
    return 200.0 if noise == 0 else 10 * np.log10(np.sum(expected ** 2) / noise)


class Layer:
    """What lies between two roundings: a network of its own from the tensors in front of the QuantizeLinear nodes
    that feed it to the DequantizeLinear behind its own."""

    def __init__(self, model, inputs, output, scale):
        self.model, self.inputs, self.output, self.scale = model, inputs, output, scale


def constant_of(model, name):
    for tensor in model.graph.initializer:
        if tensor.name == name:
            return onnx.numpy_helper.to_array(tensor)
    for node in model.graph.node:
        if name in node.output and node.op_type == "Constant":
            return onnx.numpy_helper.to_array(node.attribute[0].t)
    return None


def declared(name, values):
    kind = onnx.helper.np_dtype_to_tensor_dtype(values[name].dtype)
    return onnx.helper.make_tensor_value_info(name, kind, list(values[name].shape))


def cut_at_quantizers(model, target):
    """Nodes of the layer that ends in tensor `target`, and the tensors that enter it."""
    writers = {name: node for node in model.graph.node for name in node.output}
    constants = {tensor.name for tensor in model.graph.initializer}
    nodes, inputs, todo, first = [], [], [target], True
    while todo:
        name = todo.pop()
        node = writers.get(name)
        if node is None:
            if name not in constants and name not in inputs:
                inputs.append(name)
            continue
        if any(node is kept for kept in nodes):
            continue
        nodes.append(node)
        own = first and node.op_type == "QuantizeLinear"
        if own:
            first = False
        if node.op_type == "QuantizeLinear" and not own and constant_of(model, node.input[0]) is None:
            if node.input[0] not in inputs:
                inputs.append(node.input[0])
            todo += [extra for extra in node.input[1:] if extra]
            continue
        todo += [extra for extra in node.input if extra]
    return [node for node in model.graph.node if any(node is kept for kept in nodes)], inputs


def layers(model, values):
    """Every layer of a QDQ network whose quantized output is dequantized. `values`: of all tensors, by name."""
    dequantizers = {node.input[0]: node for node in model.graph.node if node.op_type == "DequantizeLinear"}
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear" or constant_of(model, node.input[0]) is not None:
            continue
        behind = node.output[0]
        readers = [reader for reader in model.graph.node if behind in reader.input]
        if len(readers) == 1 and readers[0].op_type in ("Clip", "Cast"):  # a narrow range
            behind = readers[0].output[0]
        if behind not in dequantizers or node.input[0] in {i.name for i in model.graph.input}:
            continue
        output = dequantizers[behind].output[0]
        nodes, inputs = cut_at_quantizers(model, output)
        used = {name for kept in nodes for name in kept.input}
        graph = onnx.helper.make_graph(
            nodes, "layer",
            [declared(name, values) for name in inputs],
            [declared(output, values)],
            [tensor for tensor in model.graph.initializer if tensor.name in used])
        layer = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
        layer.functions.extend(model.functions)
        yield Layer(layer, inputs, output, float(np.max(constant_of(model, node.input[1]))))


def all_tensors(model, feeds):
    """Every tensor that a node writes, as onnxruntime computes it without optimization."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    known = {output.name for output in exposed.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in known and node.op_type != "Constant":
                exposed.graph.output.append(onnx.ValueInfoProto(name=name))
    names = [output.name for output in exposed.graph.output]
    values = dict(zip(names, run_onnxruntime(exposed, feeds)))
    values.update(feeds)
    return values


def operator_layers(model, values):
    """Every QLinear operator by itself, from bytes to bytes: (network, inputs, output)."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if not node.op_type.startswith("QLinear") and node.op_type != "QGemm":
            continue
        inputs = [name for name in node.input if name and name not in constants]
        yield onnx.helper.make_model(
            onnx.helper.make_graph(
                [node], "layer",
                [declared(name, values) for name in inputs], [declared(node.output[0], values)],
                [constants[name] for name in dict.fromkeys(node.input) if name in constants]),
            opset_imports=model.opset_import, ir_version=model.ir_version), inputs, node.output[0]
