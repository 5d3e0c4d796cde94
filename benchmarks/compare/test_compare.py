# SPDX-License-Identifier: Apache-2.0
"""Tests of what is not obvious in the comparison: python3 -m unittest in this folder (needs NumPy, cc and objdump)."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import agreement
import held
import tables

LEAF7 = """
#include <cpuid.h>
unsigned leaf7_ebx(void) { unsigned a, b, c, d; __cpuid_count(7, 0, a, b, c, d); return b; }
"""
ASK = "import ctypes, sys; print(ctypes.c_uint32(ctypes.CDLL(sys.argv[1]).leaf7_ebx()).value)"
AVX2, AVX512F = 1 << 5, 1 << 16


class Held(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        source, self.library = self.path / "leaf7.c", self.path / "package/leaf7.so"
        self.library.parent.mkdir()
        source.write_text(LEAF7)
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.library, source], check=True)

    def tearDown(self):
        self.folder.cleanup()

    def ask(self, library, environment):
        done = subprocess.run([sys.executable, "-c", ASK, str(library)], env={**os.environ, **environment},
                              capture_output=True, text=True, check=True)
        return int(done.stdout)

    def test_cpuid_is_answered_without_avx512(self):
        target = self.path / "held/peer"
        self.assertEqual(held.copy_held([self.library.parent], target), 1)
        bits = self.ask(target / "package/leaf7.so", held.environment(target, "avx2"))
        self.assertFalse(bits & AVX512F)
        self.assertEqual(bits & AVX2, self.ask(self.library, {}) & AVX2)
        self.assertEqual(bits, bits & self.ask(self.library, {}), "nothing may be added")

    def test_a_library_without_cpuid_cannot_be_held(self):
        plain = self.path / "plain.txt"
        plain.write_text("nothing")
        with self.assertRaises(held.CannotHold):
            held.copy_held([plain], self.path / "held/plain")


class Agreement(unittest.TestCase):
    def test_outputs_in_another_order_are_matched(self):
        random = np.random.default_rng(3)
        a, b, c = random.standard_normal((4, 10)), random.standard_normal((4, 10)), random.standard_normal((4, 7))
        matched = agreement.matched([c, b, a], [a, b, c])
        for got, expected in zip(matched, [a, b, c]):
            np.testing.assert_array_equal(got, expected)

    def test_another_size_does_not_match(self):
        self.assertIsNone(agreement.matched([np.zeros((4, 9))], [np.zeros((4, 10))]))


class Tables(unittest.TestCase):
    def setUp(self):
        self.result = {"times": {"octet/int8/all/1": {"min": 2.0, "median": 2.5},
                                 "onnxruntime/int8/all/1": {"min": 3.0, "median": 4.0},
                                 "openvino/int8/all/1": {"min": 3.5, "median": 3.6}},
                       "failed": {"mnn/int8/all/1": "no pictures"}}

    def test_the_best_peer_is_chosen_for_each_statistic(self):
        self.assertEqual(tables.best_peer(self.result, "all", 1, "min"), (3.0, "onnxruntime"))
        self.assertEqual(tables.best_peer(self.result, "all", 1, "median"), (3.6, "openvino"))
        self.assertIsNone(tables.best_peer(self.result, "avx2", 1, "min"))

    def test_ratios_and_reasons_are_shown(self):
        text = tables.latency({"networks": {"net": self.result}}, "all", 1)
        self.assertIn("3.00 (1.50)", text)
        self.assertIn("| **1.50** | 1.44 |", text)
        self.assertIn("none [1]", text)
        self.assertIn("no pictures", text)

    def test_goals_scale_by_the_limits(self):
        result = {**self.result, "profiles": {"all": {"limits": {"avx512vnni": 289.0}, "macs": 1}}}
        text = tables.goals({"networks": {"mobilenet_v2": result}})
        self.assertIn("1.50 (1.70)", text)             # measured: 3.0 / 2.0
        self.assertIn(f"{1.36 * 578 / 289 / 2:.2f} (1.70)", text)  # by the limit


if __name__ == "__main__":
    unittest.main()
