# SPDX-License-Identifier: Apache-2.0
"""The networks: generated ones with random weights, and those of the test data. Each gets a folder with

    network.onnx        every shape fixed
    simplified.onnx     the same, constants folded by onnxruntime, for converters that need that
    calibration.npy     inputs that every peer calibrates with (f32, the layout of the ONNX file)
    held_out.npy        other inputs, for comparing the answers
    network.json        name, input, paths
"""
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from PIL import Image

import make_networks

CALIBRATION_COUNT = 32
HELD_OUT_COUNT = 16


def fixed(source, target):
    """Copies an ONNX file with a batch of 1 wherever the size is open; returns its input's name and shape."""
    model = onnx.load(source)
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    for value in (*inputs, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if not dim.HasField("dim_value"):
                dim.dim_value = 1
    for value in list(model.graph.input):
        if value.name in constants:  # old files list constants as inputs
            model.graph.input.remove(value)
    model.ir_version = max(model.ir_version, 4)  # the first in which constants need not be inputs
    onnx.save(model, target)
    return inputs[0].name, [dim.dim_value for dim in inputs[0].type.tensor_type.shape.dim]


def _resized(image, row, height, width):
    resize = str(row.get("resize", "stretched"))
    if not resize.isdigit():
        return image.resize((width, height), Image.BILINEAR)
    factor = int(resize) / min(image.size)
    image = image.resize([max(1, round(size * factor)) for size in image.size], Image.BILINEAR)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def sample(path, row, shape):
    """One input, without the batch axis."""
    if path.suffix == ".npy":
        return np.load(path).astype(np.float32).reshape(shape[1:])
    gray = row["color"] == "GRAY"
    image = _resized(Image.open(path).convert("L" if gray else "RGB"), row, *shape[2:])
    pixels = np.asarray(image, np.float32).reshape(shape[2], shape[3], -1)
    if row["color"] == "BGR":
        pixels = pixels[:, :, ::-1]
    pixels = (pixels - np.float32(row["mean"])) / np.float32(row["std"])
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def files(folder, listed):
    """The files of a folder, or those that a list names, one a line, relative to the list."""
    if listed.is_dir():
        return sorted(path for path in listed.iterdir() if path.suffix in (".png", ".jpg", ".JPEG", ".jpeg", ".npy"))
    names = [line.split()[0] for line in listed.read_text().splitlines() if line.strip()]
    return [path for name in names for path in (listed.parent / name, folder / name) if path.exists()]


def spread(items, count):
    """`count` of the items, evenly over all of them; all where there are fewer."""
    return [items[i * len(items) // count] for i in range(min(count, len(items)))] if items else []


def _samples(row, data, shape):
    """Calibration and held-out inputs of a network of the test data; disjoint."""
    folder = data / row["data"]
    calibration = files(folder, data / row["calibration"])
    taken = spread(calibration, CALIBRATION_COUNT)
    others = files(folder, data / row["labels"]) if "labels" in row else files(folder, folder)
    if len(calibration) == len(others):  # one set for both: half each
        taken, others = spread(calibration[::2], CALIBRATION_COUNT), calibration[1::2]
    others = [path for path in others if path not in set(taken)]
    return [np.stack([sample(path, row, shape) for path in paths])
            for paths in (taken, spread(others, HELD_OUT_COUNT))]


def _simplified(folder):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    options.optimized_model_filepath = str(folder / "simplified.onnx")
    onnxruntime.InferenceSession(str(folder / "network.onnx"), options, providers=["CPUExecutionProvider"])
    return options.optimized_model_filepath


def write(folder, name, source, make_samples):
    """Writes a network's folder; make_samples(shape) gives its calibration and held-out inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    input_name, shape = fixed(source, folder / "network.onnx")
    calibration, held_out = make_samples(shape)
    np.save(folder / "calibration.npy", calibration)
    np.save(folder / "held_out.npy", held_out)
    network = {"name": name, "onnx": str(folder / "network.onnx"), "simplified": _simplified(folder),
               "input": input_name, "shape": shape, "calibration": str(folder / "calibration.npy"),
               "held_out": str(folder / "held_out.npy"),
               "random_weights": name in make_networks.NETWORKS}
    (folder / "network.json").write_text(json.dumps(network, indent=1))
    return network


def rows(data):
    """{name: the manifest's row} of the float networks of the test data."""
    manifest = data / "models/manifest.json"
    listed = json.loads(manifest.read_text())["models"] if manifest.exists() else []
    return {pathlib.Path(row["file"]).stem: row for row in listed if "quantized" not in row}


def names(data):
    return [*make_networks.NETWORKS, *rows(data)]


def prepare(name, work, data):
    """Writes the network's folder unless it is there; returns its description."""
    folder = work / "networks" / name
    description = folder / "network.json"
    if not description.exists():
        if name in make_networks.NETWORKS:
            source = folder / "generated.onnx"
            folder.mkdir(parents=True, exist_ok=True)
            make_networks.NETWORKS[name](source)
            count = CALIBRATION_COUNT // 4
            write(folder, name, source, lambda shape: np.split(make_networks.samples(2 * count, shape[2]), 2))
        else:
            row = rows(data)[name]
            write(folder, name, data / row["file"], lambda shape: _samples(row, data / "data", shape))
    return json.loads(description.read_text())
