# SPDX-License-Identifier: Apache-2.0
"""ncnn: converted by pnnx. Its quantizer (ncnn2table, ncnn2int8) is in no package registry, so the INT8 model is written
here in ncnn's format: weights per output channel by their largest magnitude, inputs of convolutions by their largest
magnitude over the calibration inputs or, where the network's method says so, by two of ncnn2table's rules:

    kl      the threshold among 2048 equal bins of |x| (zeros aside) whose 128 levels are nearest by KL divergence
    aciq    3.924 sigma, sigma = 0.35 (1 + sqrt(pi ln 4)) max|x| / sqrt(2 ln N) with the N values of one sample

INT8 stays between convolutions that follow each other, as ncnn2int8 has it.
"""
import importlib.util
import math
import os
import pathlib
import subprocess

import numpy as np

from . import CannotRun

CONVOLUTIONS = ("Convolution", "ConvolutionDepthWise")
QUANTIZED = (*CONVOLUTIONS, "InnerProduct")
INT8_TAG = 0x000D4B38


def version():
    import ncnn
    return f"ncnn {ncnn.__version__}"


class _Layer:
    """A line of a .param file."""

    def __init__(self, line):
        fields = line.split()
        self.type, self.name = fields[:2]
        bottoms, tops = int(fields[2]), int(fields[3])
        self.bottoms, self.tops = fields[4:4 + bottoms], fields[4 + bottoms:4 + bottoms + tops]
        self.params = dict(field.split("=", 1) for field in fields[4 + bottoms + tops:])
        self.arrays = []

    def integer(self, key, default=0):
        return int(self.params.get(str(key), default))

    def line(self):
        return " ".join([self.type, self.name, str(len(self.bottoms)), str(len(self.tops)), *self.bottoms, *self.tops,
                         *(f"{key}={value}" for key, value in self.params.items())])


def _weight_counts(layer):
    """[(number of floats, preceded by a type tag?)] of the arrays that a layer has in the .bin file."""
    if layer.type in QUANTIZED:
        outputs, has_bias = layer.integer(0), layer.integer(5 if layer.type in CONVOLUTIONS else 1)
        weights = layer.integer(6 if layer.type in CONVOLUTIONS else 2)
        return [(weights, True)] + ([(outputs, False)] if has_bias else [])
    if layer.type == "MemoryData":
        sizes = [layer.integer(key) for key in (0, 1, 11, 2)]
        return [(int(np.prod([size for size in sizes if size])), False)]
    if layer.type == "BatchNorm":
        return [(layer.integer(0), False)] * 4
    return []


def _read(param, binary):
    lines = param.read_text().splitlines()
    layers = [_Layer(line) for line in lines[2:]]
    data = np.frombuffer(binary.read_bytes(), np.float32)
    at = 0
    for layer in layers:
        for count, tagged in _weight_counts(layer):
            at += tagged
            layer.arrays.append(data[at:at + count])
            at += count
    if at != len(data):
        raise CannotRun("a layer with weights that this script does not know")
    return lines, layers


def _write(lines, layers, param, binary):
    param.write_text("\n".join([*lines[:2], *(layer.line() for layer in layers)]) + "\n")
    with open(binary, "wb") as file:
        for layer in layers:
            if layer.type not in QUANTIZED:
                for array in layer.arrays:
                    file.write(array.tobytes())
                continue
            quantized = layer.arrays[0].dtype == np.int8
            file.write(np.uint32(INT8_TAG if quantized else 0).tobytes())
            file.write(layer.arrays[0].tobytes())
            if quantized:
                file.write(bytes(-len(layer.arrays[0]) % 4))
            for array in layer.arrays[1:]:
                file.write(np.asarray(array, np.float32).tobytes())


def _network(param, binary, threads=1):
    import ncnn
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    net.opt.use_winograd_convolution = os.environ.get("OCTET_COMPARE_WINOGRAD") != "off"
    if net.load_param(str(param)) != 0 or net.load_model(str(binary)) != 0:
        raise CannotRun("ncnn does not load the converted model")
    return net


def _magnitudes(net, names, sample):
    """(blob, |x|) of one sample."""
    import ncnn
    extractor = net.create_extractor()
    extractor.input(net.input_names()[0], ncnn.Mat(sample))
    for name in names:
        code, blob = extractor.extract(name)
        if code != 0:
            raise CannotRun(f"ncnn cannot compute '{name}' of the converted model")
        yield name, np.abs(np.array(blob))


def _divergence(histogram, bins):
    """KL divergence between the first `bins` bins, what is clipped added to the last, and their 128 levels."""
    levels = 128
    clipped = histogram[:bins].copy()
    clipped[-1] += histogram[bins:].sum()
    edges = np.linspace(0, bins, levels + 1)
    sums = np.interp(edges, np.arange(bins + 1), np.concatenate([[0], np.cumsum(histogram[:bins])]))
    density = np.diff(sums) * levels / bins
    back = np.diff(np.interp(np.arange(bins + 1), edges, np.concatenate([[0], np.cumsum(density)]) * bins / levels))
    p, q = clipped + 1e-4, back + 1e-4
    return float(np.sum(p * np.log(p / q)))


def kl_threshold(histogram, largest):
    """The magnitude that KL divergence chooses, of a histogram of magnitudes up to `largest`."""
    histogram = histogram / max(histogram.sum(), 1)
    best = min(range(128, len(histogram)), key=lambda bins: _divergence(histogram, bins))
    return (best + 0.5) * largest / len(histogram)


def _aciq_threshold(largest, count):
    sigma = 0.35 * largest * (1 + math.sqrt(math.pi * math.log(4))) / math.sqrt(2 * math.log(max(count, 2)))
    return 3.92403714 * sigma


def _thresholds(param, binary, names, samples, rule):
    """{blob: the magnitude that becomes 127}."""
    net = _network(param, binary)
    net.opt.lightmode = False
    largest, counts = dict.fromkeys(names, 0.0), {}
    for sample in samples:
        for name, values in _magnitudes(net, names, sample):
            largest[name], counts[name] = max(largest[name], float(values.max())), values.size
    if rule == "largest":
        return largest
    if rule == "aciq":
        return {name: _aciq_threshold(largest[name], counts[name]) for name in names}
    histograms = {name: np.zeros(2048) for name in names}
    for sample in samples:
        for name, values in _magnitudes(net, names, sample):
            histograms[name] += np.histogram(values[values > 0], 2048, (0, max(largest[name], 1e-10)))[0]
    return {name: kl_threshold(histograms[name], largest[name]) for name in names}


def _quantize_layer(layer, largest):
    weights = layer.arrays[0]
    groups = layer.integer(7, 1) if layer.type == "ConvolutionDepthWise" else layer.integer(0)
    rows = weights.reshape(groups, -1)
    scales = (127 / np.maximum(np.abs(rows).max(axis=1), 1e-10)).astype(np.float32)
    layer.arrays[0] = np.clip(np.rint(rows * scales[:, None]), -127, 127).astype(np.int8).ravel()
    layer.arrays += [scales, np.float32([127 / max(largest[layer.bottoms[0]], 1e-10)])]
    layer.params["8"] = "1" if layer.type == "ConvolutionDepthWise" else "2"


def _stay_int8(layers):
    """Convolutions whose output only quantized convolutions read write INT8: the reader's scale is their output's."""
    readers = {}
    for layer in layers:
        for bottom in layer.bottoms:
            readers.setdefault(bottom, []).append(layer)
    for layer in layers:
        if layer.type not in CONVOLUTIONS:
            continue
        consumers = readers.get(layer.tops[0], [])
        if len(consumers) == 1 and consumers[0].type == "Split":
            consumers = [reader for top in consumers[0].tops for reader in readers.get(top, [])]
        if consumers and all(reader.type in CONVOLUTIONS for reader in consumers):
            layer.params["8"] = str(int(layer.params["8"]) + 100)
            layer.arrays.append(consumers[0].arrays[-1 if int(consumers[0].params["8"]) < 100 else -2])


def _converted(source, network, folder):
    """Lines and layers of pnnx's conversion of an ONNX file, and its two files."""
    onnx = folder / "network.onnx"
    onnx.write_bytes(pathlib.Path(source).read_bytes())
    (package,) = importlib.util.find_spec("pnnx").submodule_search_locations  # importing it would need PyTorch
    program = pathlib.Path(package) / "pnnx"
    shape = str(list(network["shape"])).replace(" ", "")
    done = subprocess.run([str(program), str(onnx), "fp16=0", f"inputshape={shape}"], capture_output=True, text=True,
                          cwd=folder)
    param, binary = folder / "network.ncnn.param", folder / "network.ncnn.bin"
    if done.returncode != 0 or not param.exists():
        raise CannotRun(f"pnnx: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    lines, layers = _read(param, binary)
    foreign = sorted({layer.type for layer in layers if "." in layer.type})
    if foreign:
        raise CannotRun(f"pnnx leaves operators that ncnn does not have: {', '.join(foreign)}")
    return lines, layers, param, binary


def prepare(network, precision, folder):
    folder = pathlib.Path(folder)
    try:
        lines, layers, param, binary = _converted(network["simplified"], network, folder)
    except CannotRun:
        lines, layers, param, binary = _converted(network["onnx"], network, folder)
    if precision == "fp32":
        return str(param)
    quantized = [layer for layer in layers if layer.type in QUANTIZED]
    names = list(dict.fromkeys(layer.bottoms[0] for layer in quantized))
    rule = network.get("method", {}).get("range", "largest")
    largest = _thresholds(param, binary, names, np.load(network["calibration"]), rule)
    for layer in quantized:
        _quantize_layer(layer, largest)
    _stay_int8(layers)
    _write(lines, layers, folder / "int8.ncnn.param", folder / "int8.ncnn.bin")
    return str(folder / "int8.ncnn.param")


class _Runner:
    def __init__(self, path, threads):
        import ncnn
        self.ncnn = ncnn
        self.net = _network(path, path.removesuffix(".param") + ".bin", threads)
        self.input, self.names = self.net.input_names()[0], self.net.output_names()

    def set(self, array):
        self.array = array
        self.mat = self.ncnn.Mat(array[0])

    def run(self):
        extractor = self.net.create_extractor()
        extractor.input(self.input, self.mat)
        self.results = []
        for name in self.names:
            code, blob = extractor.extract(name)
            if code != 0:
                raise CannotRun(f"ncnn cannot compute '{name}'")
            self.results.append(blob)

    def outputs(self):
        return [np.array(blob, np.float32) for blob in self.results]


def load(path, threads):
    return _Runner(path, threads)
