# SPDX-License-Identifier: Apache-2.0
"""How far a quantized network is from float, and whether two of them differ by more than the noise of the images.

SQNR of one output over a set of images: 10 log10(sum reference^2 / sum (output - reference)^2), in dB; of several
outputs their mean. All tests are paired, as everyone sees the same images:

    top-1    McNemar's exact test: of the images that only one of two gets right, k of n belong to the first;
             p = P(|X - n/2| >= |k - n/2|), X binomial(n, 1/2)
    others   the images are drawn again, with replacement, DRAWS times; the difference is beyond the noise where 95% of
             the draws have one sign, that is, the middle 95% leave out zero
"""
import math

import numpy as np

DRAWS = 2000
LEVEL = 0.05
LARGEST_DB = 120.0  # of equal outputs


class Powers:
    """The sums that make an SQNR, for each output and image: signal and noise are arrays [outputs, images]."""

    def __init__(self, references, outputs):
        self.signal = np.stack([np.sum(r * r, axis=1) for r in references])
        self.noise = np.stack([np.sum(np.square(o - r), axis=1) for o, r in zip(outputs, references)])

    def sqnr_db(self, weights=None):
        """One value for each row of weights [draws, images], or one for all images once."""
        weights = np.ones((1, self.signal.shape[1])) if weights is None else weights
        signal, noise = weights @ self.signal.T, weights @ self.noise.T
        ratio = signal / np.maximum(noise, signal * 10 ** (-LARGEST_DB / 10))
        values = 10 * np.log10(np.maximum(ratio, 1e-12)).mean(axis=1)
        return values if len(values) > 1 else float(values[0])


def draws(count):
    """How often each of `count` images occurs in each draw; the same every time."""
    return np.random.default_rng(count).multinomial(count, np.full(count, 1 / count), DRAWS).astype(np.float64)


def beyond_noise(differences):
    """'better', 'worse' or 'same' from the differences that the draws gave."""
    low, high = np.quantile(differences, (LEVEL / 2, 1 - LEVEL / 2))
    return "better" if low > 0 else "worse" if high < 0 else "same"


def compare_sqnr(ours, theirs):
    weights = draws(ours.signal.shape[1])
    return beyond_noise(ours.sqnr_db(weights) - theirs.sqnr_db(weights))


def compare_f1(ours, theirs):
    """Of two lists of (matches, boxes of both), one entry an image."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    weights = draws(len(ours))
    first, second = weights @ ours, weights @ theirs
    return beyond_noise(2 * first[:, 0] / np.maximum(first[:, 1], 1) - 2 * second[:, 0] / np.maximum(second[:, 1], 1))


def discordance_p(first, second):
    """McNemar's exact p of `first` images that only one gets right against `second` that only the other does."""
    count = first + second
    if count == 0:
        return 1.0
    tail = sum(math.comb(count, i) for i in range(min(first, second) + 1)) / 2 ** count
    return min(1.0, 2 * tail)


def compare_right(ours, theirs):
    """Of two boolean arrays: is each image's class right? {"verdict", "only_ours", "only_theirs", "p"}."""
    only_ours, only_theirs = int(np.sum(ours & ~theirs)), int(np.sum(theirs & ~ours))
    p = discordance_p(only_ours, only_theirs)
    verdict = "same" if p >= LEVEL else "better" if only_ours > only_theirs else "worse"
    return {"verdict": verdict, "only_ours": only_ours, "only_theirs": only_theirs, "p": p}
