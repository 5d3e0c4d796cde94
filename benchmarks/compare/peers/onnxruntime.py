# SPDX-License-Identifier: Apache-2.0
"""onnxruntime: quantize_static, QDQ, activations u8, weights s8 per channel, MinMax calibration unless the network's
method says otherwise. With OCTET_COMPARE_OPTIMIZATION=off it runs the graph as it stands in the file.
"""
import os
import pathlib

import numpy as np

OPTIONS = ({}, {"QDQDisableWeightAdjustForInt32Bias": True})  # what is tried, in this order


def version():
    import onnxruntime
    return f"onnxruntime {onnxruntime.__version__}"


class _Samples:
    """The calibration reader that quantize_static asks for; it may ask for a part of the samples at a time."""

    def __init__(self, name, samples):
        self.name, self.samples = name, samples
        self.set_range(0, len(samples))

    def __len__(self):
        return len(self.samples)

    def set_range(self, start_index, end_index):
        self.feeds = iter([{self.name: sample[None]} for sample in self.samples[start_index:end_index]])

    def get_next(self):
        return next(self.feeds, None)


def _at_a_time(count):
    """Histograms take the samples in equal parts of 25 at most: all activations of all samples would need too much
    memory."""
    return max(part for part in range(1, min(count, 25) + 1) if count % part == 0)


def _with_recent_operators(network, target):
    """Writes the network with operator set 13 at least: scales per channel need it."""
    import onnx
    import onnx.version_converter
    model = onnx.load(network["onnx"])
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if min(versions) < 13:
        model = onnx.version_converter.convert_version(onnx.load(network["simplified"]), 13)
    onnx.save(model, target)


def quantize_static(source, target, network, extra_options):
    from onnxruntime import quantization
    samples = np.load(network["calibration"])
    method = network.get("method", {}).get("calibrate", "MinMax")
    if method != "MinMax":
        extra_options = {**extra_options, "CalibStridedMinMax": _at_a_time(len(samples))}
    quantization.quantize_static(
        str(source), str(target), _Samples(network["input"], samples),
        quant_format=quantization.QuantFormat.QDQ, per_channel=True, reduce_range=False,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod[method], extra_options=extra_options)


def prepare(network, precision, folder):
    if precision == "fp32":
        return network["onnx"]
    from onnxruntime.quantization.shape_inference import quant_pre_process
    folder = pathlib.Path(folder)
    recent, inferred, quantized = folder / "recent.onnx", folder / "inferred.onnx", folder / "int8.onnx"
    _with_recent_operators(network, recent)
    quant_pre_process(str(recent), str(inferred))
    try:
        quantize_static(inferred, quantized, network, OPTIONS[0])
    except ValueError:  # of an adjustment of scales that expects one scale where there are several
        quantize_static(inferred, quantized, network, OPTIONS[1])
    return str(quantized)


class _Runner:
    def __init__(self, path, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if os.environ.get("OCTET_COMPARE_OPTIMIZATION") == "off":
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.binding = self.session.io_binding()
        for output in self.session.get_outputs():
            self.binding.bind_output(output.name, "cpu")

    def set(self, array):
        self.array = array  # the binding refers to its memory
        self.binding.bind_cpu_input(self.input, array)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def outputs(self):
        return self.binding.copy_outputs_to_cpu()


def load(path, threads):
    return _Runner(path, threads)
