# SPDX-License-Identifier: Apache-2.0
"""The networks of the test data (models/manifest.json in it) and how `octet convert` takes them.

A row of the manifest names the file, labels, calibration list and preprocessing of one network.
"""
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("OCTET_TEST_DATA") or ROOT / "../shared")


class Failure(Exception):
    """A command failed; its message says which."""


def call(command):
    """Runs a command and returns its standard output."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command[:3]))}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def option(values):
    return ",".join(str(value) for value in values)


def convert_options(row):
    """The options of `octet convert` that the manifest's row stands for."""
    options = []
    if "mean" in row:
        options += ["--mean", option(row["mean"]), "--std", option(row["std"])]
    if "color" in row:
        options += ["--color", row["color"]]
    if "resize" in row:
        options += ["--resize", str(row["resize"]).split(" ")[0]]
    if "crop" in row:
        options += ["--crop", row["crop"]]
    if "shape" in row:
        options += ["--shape", row["shape"]]
    return options


def rows(data):
    """The manifest's networks."""
    return json.loads((data / "models/manifest.json").read_text())["models"]


def convert_int8(octet, data, row, output):
    """Writes the INT8 file of a network; one that is quantized already needs no calibration."""
    calibration = [] if "quantized" in row else ["--calibration", data / "data" / row["calibration"]]
    call([octet, "convert", data / row["file"], "-o", output, *calibration, *convert_options(row)])
