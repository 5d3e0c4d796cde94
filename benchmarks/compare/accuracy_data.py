# SPDX-License-Identifier: Apache-2.0
"""What the quantizers are compared on: the float networks of the test data, each with the inputs that all of them
calibrate with and the inputs that none of them has seen. Each network gets a folder as networks.py makes it, and
network.json has besides

    task            classification, reconstruction or detection
    labels          of the held-out inputs, or null
    preprocessing   {"mean", "std", "color"} where the inputs are pictures, or null
    source          what the inputs are, in words
"""
import hashlib
import json
import pathlib

import numpy as np

import networks

CALIBRATION_COUNT = 100
DETECTION_EXTRA = 135  # held-out ImageNet pictures beside the COCO photos
WINDOW_GAP = 4         # windows of the one clip overlap by four frames of five


def _labelled(row, data):
    """Files and labels of the manifest's evaluation list."""
    listed = data / row["labels"]
    lines = [line.split() for line in listed.read_text().splitlines() if line.strip()]
    files = networks.files(data / row["data"], listed)
    assert len(files) == len(lines), f"{listed} names files that are missing"
    return files, [int(line[-1]) for line in lines]


def _classification(row, data):
    calibration = networks.spread(networks.files(data / row["data"], data / row["calibration"]), CALIBRATION_COUNT)
    files, labels = _labelled(row, data)
    kept = [i for i, path in enumerate(files) if path not in set(calibration)]
    return calibration, [files[i] for i in kept], [labels[i] for i in kept], row["data"].split("/")[0]


def _reconstruction(row, data):
    windows = networks.files(data / row["data"], data / row["data"])
    half = len(windows) // 2
    return (windows[:half - WINDOW_GAP // 2], windows[half + WINDOW_GAP // 2:], None,
            "the halves of one clip of a normal machine")


def _detection(row, data):
    photos = networks.files(data / row["data"], data / row["data"])
    if row["calibration"] == row["data"]:
        return photos[::2], photos[1::2], None, "every other photo of " + row["data"]
    listed = data / row["calibration"]
    calibration = networks.spread(networks.files(listed.parent, listed), CALIBRATION_COUNT)
    others = networks.files(listed.parent / "images", listed.parent / "eval_labels.txt")
    return (calibration, photos + networks.spread(others, DETECTION_EXTRA), None,
            f"{len(photos)} photos of {row['data']}, the others of {listed.parent.name}")


CHOICES = {"classification": _classification, "reconstruction": _reconstruction, "detection": _detection}


def names(data):
    return list(networks.rows(data))


def prepare(name, folder, data):
    """Writes the network's folder unless it is there; returns its description."""
    description = folder / "network.json"
    if description.exists():
        return json.loads(description.read_text())
    row = networks.rows(data)[name]
    calibration, held_out, labels, source = CHOICES[row["task"]](row, data / "data")

    def samples(shape):
        return [np.stack([networks.sample(path, row, shape) for path in paths]) for paths in (calibration, held_out)]
    network = networks.write(folder, name, data / row["file"], samples)
    network.update(task=row["task"], labels=labels, source=source, target=row.get("target_top1"),
                   calibration_count=len(calibration), held_out_count=len(held_out),
                   extra=str(data / row["extra"]) if "extra" in row else None,
                   preprocessing={key: row[key] for key in ("mean", "std", "color")} if "mean" in row else None,
                   key=_key(folder))
    description.write_text(json.dumps(network, indent=1))
    return network


def _key(folder):
    """What a quantized network depends on: the network and the calibration inputs."""
    digest = hashlib.sha256()
    for name in ("network.onnx", "calibration.npy"):
        digest.update(pathlib.Path(folder / name).read_bytes())
    return digest.hexdigest()[:16]
