# SPDX-License-Identifier: Apache-2.0
"""Tests of the accuracy comparison's arithmetic: python3 -m unittest in this folder (needs NumPy)."""
import unittest

import numpy as np

import accuracy_metrics
import detections
from peers import ncnn


class Metrics(unittest.TestCase):
    def test_mcnemar_is_the_two_sided_binomial_test(self):
        self.assertAlmostEqual(accuracy_metrics.discordance_p(1, 9), 2 * 11 / 1024)  # (1 + 10) / 2^10, both tails
        self.assertEqual(accuracy_metrics.discordance_p(0, 0), 1.0)
        self.assertEqual(accuracy_metrics.discordance_p(5, 5), 1.0)

    def test_only_discordant_images_count(self):
        ours, theirs = np.ones(1000, bool), np.ones(1000, bool)
        theirs[:5] = False
        self.assertEqual(accuracy_metrics.compare_right(ours, theirs)["verdict"], "same")
        theirs[:6] = False
        self.assertEqual(accuracy_metrics.compare_right(ours, theirs),
                         {"verdict": "better", "only_ours": 6, "only_theirs": 0, "p": 2 / 64})
        self.assertEqual(accuracy_metrics.compare_right(theirs, ours)["verdict"], "worse")

    def test_sqnr_pools_images_and_averages_outputs(self):
        references = [np.array([[3.0, 4.0], [0.0, 5.0]]), np.array([[10.0], [10.0]])]
        outputs = [references[0] + [[0.0, 0.5], [0.5, 0.0]], references[1] + 1.0]
        powers = accuracy_metrics.Powers(references, outputs)
        self.assertAlmostEqual(powers.sqnr_db(), (10 * np.log10(50 / 0.5) + 20) / 2)

    def test_a_clear_difference_of_sqnr_is_beyond_the_noise_and_a_lucky_one_is_not(self):
        random = np.random.default_rng(5)
        reference = random.standard_normal((100, 20))
        noise, other = random.standard_normal((2, 100, 20))
        ours = accuracy_metrics.Powers([reference], [reference + 0.01 * noise])
        worse = accuracy_metrics.Powers([reference], [reference + 0.02 * other])
        alike = accuracy_metrics.Powers([reference], [reference + 0.01 * other])
        self.assertEqual(accuracy_metrics.compare_sqnr(ours, worse), "better")
        self.assertEqual(accuracy_metrics.compare_sqnr(worse, ours), "worse")
        self.assertEqual(accuracy_metrics.compare_sqnr(ours, alike), "same")


class Detections(unittest.TestCase):
    def test_overlap(self):
        boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]], np.float64)
        np.testing.assert_allclose(detections.overlaps(boxes[0], boxes), [1, 2 / 6, 0])

    def test_each_box_matches_once_and_only_its_class(self):
        box, near = np.array([0.0, 0, 1, 1]), np.array([0.0, 0, 1, 0.9])
        expected = [(1, 0.9, box), (1, 0.8, near)]
        self.assertEqual(detections.matches(expected, [(1, 0.9, near)]), 1)
        self.assertEqual(detections.matches(expected, [(2, 0.9, box)]), 0)
        self.assertEqual(detections.matches(expected, [(1, 0.9, near), (1, 0.7, box)]), 2)

    def test_ultraface_drops_weak_and_covered_boxes(self):
        scores = np.array([[0.1, 0.9], [0.2, 0.8], [0.5, 0.65], [0.1, 0.75]])
        boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 0.9], [3, 3, 4, 4], [5, 5, 6, 6]])
        network = {"name": "ultraface_rfb_320"}
        found = detections.decode(network, [scores.ravel(), boxes.ravel()])
        self.assertEqual([score for _, score, _ in found], [0.9, 0.75])
        self.assertEqual(len(detections.decode(network, [scores.ravel(), boxes.ravel()], detections.SLACK)), 3)


class NcnnThresholds(unittest.TestCase):
    def test_kl_keeps_a_full_range_and_clips_a_lone_outlier(self):
        self.assertGreater(ncnn.kl_threshold(np.ones(2048), 8.0), 7.9)
        normal = np.exp(-0.5 * np.square(np.arange(2048) / 100.0)) * 1000
        normal[-1] = 1
        self.assertLess(ncnn.kl_threshold(normal, 8.0), 4.0)


if __name__ == "__main__":
    unittest.main()
