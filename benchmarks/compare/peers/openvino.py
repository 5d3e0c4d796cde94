# SPDX-License-Identifier: Apache-2.0
"""OpenVINO: quantized by NNCF's post-training quantization; runs on oneDNN and its own generated code."""
import pathlib

import numpy as np

from . import CannotRun


def version():
    import openvino
    return f"openvino {openvino.__version__.split('-')[0]}"


def prepare(network, precision, folder):
    import openvino
    model = openvino.convert_model(network["onnx"])
    if precision == "int8":
        import nncf
        samples = [sample[None] for sample in np.load(network["calibration"])]
        model = nncf.quantize(model, nncf.Dataset(samples), preset=nncf.QuantizationPreset.MIXED,
                              subset_size=len(samples))
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
