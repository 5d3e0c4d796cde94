# SPDX-License-Identifier: Apache-2.0
"""Octet itself, through its C interface; its float path is Debian's XNNPACK.

A run is set_input, run and get_output: from floats in the ONNX file's layout to floats, as the peers' runs are. Where
the network's method has "pixels", the model knows the pictures' preprocessing and gets the pixels behind the floats.
"""
import ctypes
import json
import os
import pathlib
import subprocess

import numpy as np

from . import CannotRun


def _build():
    return pathlib.Path(os.environ["OCTET_BUILD"])


class _Form(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("rank", ctypes.c_int32), ("dims", ctypes.c_int32 * 8),
                ("bytes", ctypes.c_size_t), ("scale", ctypes.c_float), ("zero_point", ctypes.c_int32)]


class _TensorInfo(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_size_t), ("name", ctypes.c_char_p), ("declared", _Form), ("graph", _Form),
                ("permutation", ctypes.c_int32 * 8), ("takes_pixels", ctypes.c_int32)]


class _Options(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_size_t), ("threads", ctypes.c_size_t), ("cpu_features", ctypes.c_char_p),
                ("disable_xnnpack", ctypes.c_int32), ("profile", ctypes.c_int32)]


class _OneCall(ctypes.Structure):
    _fields_ = [("set_input", ctypes.c_void_p), ("run", ctypes.c_void_p), ("get_output", ctypes.c_void_p),
                ("session", ctypes.c_void_p), ("input", ctypes.c_void_p), ("input_bytes", ctypes.c_size_t),
                ("outputs", ctypes.c_size_t), ("output", ctypes.POINTER(ctypes.c_void_p)),
                ("output_bytes", ctypes.POINTER(ctypes.c_size_t))]


def _address(function):
    return ctypes.cast(function, ctypes.c_void_p)


def _library():
    library = ctypes.CDLL(str(_build() / "runtime/liboctet.so"))
    for name in ("octet_last_error", "octet_version", "octet_session_cpu_features"):
        getattr(library, name).restype = ctypes.c_char_p
    library.octet_model_output_count.restype = ctypes.c_size_t
    return library


def version():
    return f"octet {_library().octet_version().decode()}"


def prepare(network, precision, folder):
    folder = pathlib.Path(folder)
    path = folder / f"{precision}.octet"
    command = [str(_build() / "tools/octet"), "convert", network["onnx"], "-o", str(path), "--precision", precision]
    if precision == "int8":
        samples = folder / "samples"
        samples.mkdir(exist_ok=True)
        for i, sample in enumerate(np.load(network["calibration"])):
            np.save(samples / f"{i:04}.npy", sample[None])
        command += ["--calibration", str(samples)]
    method = network.get("method", {})
    if method.get("pixels"):
        for option, value in network["preprocessing"].items():
            command += [f"--{option}", value if isinstance(value, str) else ",".join(map(str, value))]
    command += method.get("options", [])
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotRun(done.stderr.strip())
    return str(path)


def _pixels_of(path):
    """Mean and standard deviation of a model that gets pixels; the description of its network is beside it."""
    description = pathlib.Path(path).parent / "network.json"
    network = json.loads(description.read_text()) if description.exists() else {}
    return network["preprocessing"] if network.get("method", {}).get("pixels") else None


class _Runner:
    def __init__(self, path, threads):
        self.library = _library()
        model, session = ctypes.c_void_p(), ctypes.c_void_p()
        self._check(self.library.octet_model_load_file(path.encode(), ctypes.byref(model)))
        features = os.environ.get("OCTET_COMPARE_FEATURES", "")
        options = _Options(ctypes.sizeof(_Options), threads, features.encode(), 0, 0)
        self._check(self.library.octet_session_create(model, ctypes.byref(options), ctypes.byref(session)))
        self.results = [self._result(model, i) for i in range(self.library.octet_model_output_count(model))]
        self.one_call = ctypes.CDLL(os.environ["OCTET_ONE_CALL"]).one_call
        count = len(self.results)
        self.addresses = (ctypes.c_void_p * count)(*(result.ctypes.data for result in self.results))
        self.sizes = (ctypes.c_size_t * count)(*(result.nbytes for result in self.results))
        library = self.library
        self.call = _OneCall(_address(library.octet_session_set_input), _address(library.octet_session_run),
                             _address(library.octet_session_get_output), session, None, 0, count, self.addresses,
                             self.sizes)
        self.argument = ctypes.byref(self.call)
        self.pixels = _pixels_of(path)
        if self.pixels:
            self.call.set_input = _address(library.octet_session_set_input_pixels)

    def _result(self, model, i):
        info = _TensorInfo(ctypes.sizeof(_TensorInfo))
        self._check(self.library.octet_model_output_info(model, ctypes.c_size_t(i), ctypes.byref(info)))
        return np.zeros(info.declared.dims[:info.declared.rank], np.float32)

    def _check(self, status):
        if status != 0:
            raise CannotRun(self.library.octet_last_error().decode())

    def set(self, array):
        if self.pixels:
            mean, std = (np.float32(self.pixels[key]) for key in ("mean", "std"))
            array = np.rint(array[0].transpose(1, 2, 0) * std + mean).astype(np.uint8, order="C")
        self.array = array
        self.call.input, self.call.input_bytes = array.ctypes.data, array.nbytes

    def run(self):
        if self.one_call(self.argument):
            self._check(1)

    def outputs(self):
        return [result.copy() for result in self.results]


def load(path, threads):
    return _Runner(path, threads)
