# SPDX-License-Identifier: Apache-2.0
"""octet convert --export-qdq: the file passes onnx.checker, has the network's own inputs and outputs, and gives in
onnxruntime, with and without its optimizer, what the .octet file gives."""
import os
import pathlib
import tempfile
import unittest

import numpy as np
import onnx

import networks
import runner

OCTET = runner.Octet(os.environ["OCTET_COMMAND"])
SOURCE = pathlib.Path(os.environ["OCTET_SOURCE_DIR"])
SHARED = pathlib.Path(os.environ.get("OCTET_TEST_DATA") or os.environ.get("OCTET_TEST_DATA_DEFAULT", ""))


def images(folder, count, size, mean, std):
    """Real pictures as the network's input; none without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return []
    paths = sorted(path for path in folder.glob("*") if path.suffix in (".png", ".jpg"))
    pixels = [np.asarray(Image.open(path).convert("RGB").resize(size), np.float32) for path in paths[:count]]
    return [((p - np.float32(mean)) / np.float32(std)).transpose(2, 0, 1)[None].astype(np.float32) for p in pixels]


def reference_inputs(name):
    tensors = []
    for path in sorted((SHARED / "models/reference" / name).glob("*/input_0.pb")):
        tensors.append(onnx.numpy_helper.to_array(onnx.load_tensor(str(path))))
    return tensors


class Exported:
    """A network, converted and exported on `samples`, which it then runs."""

    def __init__(self, folder, network, samples, *options):
        folder = pathlib.Path(folder)
        for i, sample in enumerate(samples):
            np.save(folder / f"{i:03}.npy", sample)
        (folder / "list.txt").write_text("".join(f"{i:03}.npy\n" for i in range(len(samples))))
        self.octet, self.onnx = folder / "network.octet", folder / "network.onnx"
        path = network
        if not isinstance(network, pathlib.Path):
            path = folder / "source.onnx"
            onnx.save(network, path)
        source = onnx.load(path)
        initialized = {tensor.name for tensor in source.graph.initializer}
        self.input = next(i.name for i in source.graph.input if i.name not in initialized)
        self.outputs = [output.name for output in source.graph.output]
        shape = "x".join(map(str, samples[0].shape)).replace("x", ",")
        self.said = OCTET.call("convert", path, "-o", self.octet, "--export-qdq", self.onnx, "--calibration",
                               folder / "list.txt", "--shape", f"{self.input}={shape}", "--verbose", *options)
        self.model = onnx.load(self.onnx)
        left = sorted(p.name for p in folder.iterdir() if ".tmp" in p.name)
        assert not left, left

    def count(self, op):
        return sum(node.op_type == op for node in self.model.graph.node)

    def compare(self, sample):
        """SQNR and share of equal elements of onnxruntime's answers beside Octet's, for each optimization."""
        ours = OCTET.run(self.octet, {self.input: sample}, self.outputs)
        results = []
        for optimized in (False, True):
            theirs = runner.run_onnxruntime(self.onnx, {self.input: sample}, optimized, self.outputs)
            for one, other in zip(ours, theirs):
                spread = np.abs(one).max() + 1e-9
                results.append((runner.sqnr_db(other, one), float(np.mean(np.abs(one - other) <= 1e-4 * spread))))
        return results


class Export(unittest.TestCase):
    def check(self, network, samples, least_db, *options, transposes=None):
        with tempfile.TemporaryDirectory() as folder:
            exported = Exported(folder, network, samples, "--round", "nearest", *options)
            onnx.checker.check_model(exported.model, full_check=True)
            self.assertEqual([output.name for output in exported.model.graph.output], exported.outputs)
            self.assertEqual([i.name for i in exported.model.graph.input], [exported.input])
            if transposes is not None:
                self.assertLessEqual(exported.count("Transpose"), transposes)
            seen = []
            for sample in samples[:3]:
                seen += exported.compare(sample)
            text = "  ".join(f"{db:.1f} dB, {100 * equal:.1f}% equal" for db, equal in seen)
            if os.environ.get("OCTET_VERBOSE"):
                print(network if isinstance(network, pathlib.Path) else "", text)
            self.assertGreater(min(db for db, _ in seen), least_db, text)
            return exported

    def shared(self, name, least_db, **more):
        path = SHARED / "models" / f"{name}.onnx"
        if not path.exists():
            self.skipTest(f"no {path}: set OCTET_TEST_DATA")
        return self.check(path, reference_inputs(name), least_db, **more)

    def test_every_operator_that_onnxruntime_quantizes(self):
        self.check(networks.float_network(), networks.samples(12), 30)

    def test_forms_of_scales(self):
        for options in (["--symmetric"], ["--per-tensor-weights"], ["--power-of-two"]):
            with self.subTest(options):
                self.check(networks.float_network(), networks.samples(12), 25, *options)

    def test_values_in_16_bits(self):
        source = networks.float_network()
        names = [node.output[0] for node in source.graph.node if node.op_type in ("Relu", "Clip", "Add", "LeakyRelu")]
        exported = self.check(source, networks.samples(12), 35, "--int16", *names)
        self.assertEqual(exported.model.opset_import[0].version, 21)
        kinds = [tensor.data_type for tensor in exported.model.graph.initializer]
        self.assertGreater(kinds.count(onnx.TensorProto.INT16), 3)

    def test_a_network_that_came_quantized(self):
        for model in (networks.torch_fake_quantize(), networks.tf2onnx_qdq(), networks.brevitas_qcdq()):
            shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
            self.check(model, networks.samples(3, shape), 30)

    def test_bytes_at_the_borders(self):
        b = networks.Builder(13)
        zero = b.constant(7, dtype=np.uint8)
        x = b.node("DequantizeLinear", ["x", b.constant(0.05), zero])
        x = b.node("Conv", [x, b.constant(b.weights(8, 3, 3, 3))], pads=[1, 1, 1, 1])
        y = b.node("QuantizeLinear", [x, b.constant(0.1), b.constant(120, dtype=np.uint8)])
        model = b.model(y, onnx.TensorProto.UINT8, onnx.TensorProto.UINT8)
        sample = np.random.default_rng(2).integers(0, 255, networks.SHAPE).astype(np.uint8)
        exported = self.check(model, [sample], 30)
        self.assertEqual(exported.model.graph.input[0].type.tensor_type.elem_type, onnx.TensorProto.UINT8)
        self.assertEqual(exported.model.graph.output[0].type.tensor_type.elem_type, onnx.TensorProto.UINT8)

    def test_the_bundled_network(self):
        samples = images(SOURCE / "models/cifar10/test", 20, (32, 32), (125.3, 123.0, 113.9), (63.0, 62.1, 66.7))
        if not samples:
            self.skipTest("needs Pillow")
        exported = self.check(SOURCE / "models/octet_resnet_cifar10.onnx", samples, 30, transposes=0)
        weights = {tensor.name: tensor for tensor in exported.model.graph.initializer}
        self.assertEqual(sum(tensor.data_type == onnx.TensorProto.INT32 for tensor in weights.values()), 14)

    def test_classifiers(self):
        for name in ("mlperf_tiny_ic_resnet8", "mlperf_tiny_kws_dscnn", "mlperf_tiny_vww_mobilenetv1_025",
                     "mnist_cntk_opset7", "resnet20_cifar10_bn", "squeezenet_v1_0", "mobilenet_v1_075_224_bn",
                     "mobilenet_v2_100_224_bn", "mlperf_tiny_ad_autoencoder", "mobilenet_v2_100_224_qdq"):
            with self.subTest(name):
                self.shared(name, 18)

    def test_detectors(self):
        with self.subTest("ultraface"):
            self.shared("ultraface_rfb_320", 28)
        with self.subTest("ssdlite"):
            path = SHARED / "models/ssdlite_mobilenet_v2_coco.onnx"
            samples = images(SHARED / "data/coco_photos", 6, (300, 300), [127.5] * 3, [127.5] * 3)
            if not path.exists() or not samples:
                self.skipTest(f"needs {path} and Pillow")
            self.check(path, samples, 22)

    def test_the_quantizer_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            onnx.save(networks.float_network(), folder / "float.onnx")
            for i, sample in enumerate(networks.samples(3)):
                np.save(folder / f"{i}.npy", sample)
            (folder / "list.txt").write_text("0.npy\n1.npy\n2.npy\n")
            OCTET.call("convert", folder / "float.onnx", "--export-qdq", folder / "q.onnx", "--calibration",
                       folder / "list.txt")
            self.assertEqual(sorted(path.name for path in folder.glob("*.on*")), ["float.onnx", "q.onnx"])
            self.assertEqual(list(folder.glob("*.octet")), [])
            onnx.checker.check_model(onnx.load(folder / "q.onnx"), full_check=True)

    def test_errors(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "float.onnx"
            onnx.save(networks.float_network(), source)
            np.save(pathlib.Path(folder) / "x.npy", networks.samples(1)[0])
            for options, rule in ((["--precision", "fp32"], "needs --precision int8"),
                                  ([], "cannot create")):
                target = pathlib.Path(folder) / ("out.onnx" if options else "no/such/folder/out.onnx")
                (pathlib.Path(folder) / "list.txt").write_text("x.npy\n")
                with self.assertRaises(AssertionError) as failure:
                    OCTET.call("convert", source, "-o", pathlib.Path(folder) / "n.octet", "--export-qdq", target,
                               "--calibration", pathlib.Path(folder) / "list.txt", *options)
                self.assertIn(rule, str(failure.exception))


if __name__ == "__main__":
    unittest.main()
