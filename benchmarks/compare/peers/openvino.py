# SPDX-License-Identifier: Apache-2.0
"""OpenVINO: quantized by NNCF's post-training quantization; runs on oneDNN and its own generated code."""
import pathlib

import numpy as np

from . import CannotRun


def version():
    import openvino
    return f"openvino {openvino.__version__.split('-')[0]}"


def _options(method):
    """Of nncf.quantize. By default NNCF takes the means of the samples' extremes as ranges."""
    options = {key: value for key, value in method.items() if key != "extremes"}
    if method.get("extremes"):
        from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
        options["advanced_parameters"] = AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX)
    return options


def prepare(network, precision, folder):
    import openvino
    model = openvino.convert_model(network["onnx"])
    if precision == "int8":
        import nncf
        samples = [sample[None] for sample in np.load(network["calibration"])]
        model = nncf.quantize(model, nncf.Dataset(samples), preset=nncf.QuantizationPreset.MIXED,
                              subset_size=len(samples), **_options(network.get("method", {})))
    path = pathlib.Path(folder) / f"{precision}.xml"
    openvino.save_model(model, str(path), compress_to_fp16=False)
    return str(path)


class _Runner:
    def __init__(self, path, threads):
        import openvino
        core = openvino.Core()
        if "CPU" not in core.available_devices:
            raise CannotRun("no CPU plugin")
        compiled = core.compile_model(path, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False})
        self.request = compiled.create_infer_request()
        self.openvino = openvino
        self.count = len(compiled.outputs)

    def set(self, array):
        self.array = array
        self.request.set_input_tensor(self.openvino.Tensor(array, shared_memory=True))

    def run(self):
        self.request.infer()

    def outputs(self):
        return [np.array(self.request.get_output_tensor(i).data, np.float32) for i in range(self.count)]


def load(path, threads):
    return _Runner(path, threads)
