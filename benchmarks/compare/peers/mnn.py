# SPDX-License-Identifier: Apache-2.0
"""MNN: mnnconvert, then mnnquant (KL for activations, MAX_ABS for weights, unless the network's method says otherwise).

Pictures go to mnnquant as PNGs of 256 steps between the smallest and the largest value of all inputs, which loses
nothing where the inputs were pictures; other inputs as text, its "sequence" form.
"""
import json
import os
import pathlib

import numpy as np

from . import CannotRun


def version():
    import MNN
    return f"mnn {MNN.version()}"


def _write_pictures(samples, folder):
    """Writes the PNGs; returns what mnnquant needs to get the values back: mean and factor."""
    from PIL import Image
    folder.mkdir(parents=True, exist_ok=True)
    low, high = float(samples.min()), float(samples.max())
    for i, sample in enumerate(samples):
        pixels = np.rint((sample - low) * (255 / (high - low))).astype(np.uint8).transpose(1, 2, 0)
        Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(folder / f"{i:04}.png")
    return -low * 255 / (high - low), (high - low) / 255


def _picture_config(samples, folder):
    mean, factor = _write_pictures(samples, folder / "pictures")
    channels = samples.shape[1]
    return {"format": "RGB" if channels == 3 else "GRAY", "mean": [mean] * channels, "normal": [factor] * channels,
            "width": samples.shape[3], "height": samples.shape[2], "path": str(folder / "pictures") + "/"}


def _text_config(samples, name, folder):
    for i, sample in enumerate(samples):
        inputs = folder / "texts" / f"input_{i}"
        inputs.mkdir(parents=True, exist_ok=True)
        np.savetxt(inputs / f"{name}.txt", sample.reshape(1, -1), fmt="%.9g")
        shape = {"inputs": [{"name": name, "shape": [1, *sample.shape]}]}
        (inputs / "input.json").write_text(json.dumps(shape))
    return {"input_type": "sequence", "path": str(folder / "texts") + "/"}


def _quantize(converted, network, folder):
    import _tools
    samples = np.load(network["calibration"])
    pictures = samples.ndim == 4 and samples.shape[1] in (1, 3) and network.get("preprocessing", True)
    method = {"feature": "KL", "weight": "MAX_ABS", **network.get("method", {})}
    config = _picture_config(samples, folder) if pictures else _text_config(samples, network["input"], folder)
    config.update({"used_image_num": len(samples), "feature_quantize_method": method["feature"],
                   "weight_quantize_method": method["weight"]})
    (folder / "quantize.json").write_text(json.dumps(config, indent=1))
    path = folder / "int8.mnn"
    # A list, as the program's own command line would be: the wheel's mnnquant passes three strings and aborts.
    _tools.mnnquant(["mnnquant", str(converted), str(path), str(folder / "quantize.json")])
    return path


def prepare(network, precision, folder):
    import _tools
    folder = pathlib.Path(folder)
    os.chdir(folder)  # mnnconvert leaves a file where it is started
    path = folder / "fp32.mnn"
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", network["onnx"], "--MNNModel", str(path),
                       "--bizCode", "compare"])
    if precision == "int8":
        path = _quantize(path, network, folder)
    if not path.exists():
        raise CannotRun(f"{'mnnquant' if precision == 'int8' else 'mnnconvert'} wrote no model")
    return str(path)


class _Runner:
    def __init__(self, path, threads):
        import MNN
        self.mnn = MNN
        self.interpreter = MNN.Interpreter(path)
        self.session = self.interpreter.createSession({"backend": "CPU", "numThread": threads, "precision": "normal"})
        self.input = self.interpreter.getSessionInput(self.session)
        self.results = self.interpreter.getSessionOutputAll(self.session)

    def set(self, array):
        source = self.mnn.Tensor(array.shape, self.mnn.Halide_Type_Float, array, self.mnn.Tensor_DimensionType_Caffe)
        self.input.copyFrom(source)

    def run(self):
        self.interpreter.runSession(self.session)

    def outputs(self):
        answers = []
        for tensor in self.results.values():
            shape = tensor.getShape()
            copy = self.mnn.Tensor(shape, self.mnn.Halide_Type_Float, np.zeros(shape, np.float32),
                                   self.mnn.Tensor_DimensionType_Caffe)
            tensor.copyToHostTensor(copy)
            answers.append(np.array(copy.getNumpyData(), np.float32).reshape(shape))
        return answers


def load(path, threads):
    return _Runner(path, threads)
