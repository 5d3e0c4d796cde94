# SPDX-License-Identifier: Apache-2.0
"""The steps of accuracy.py after the set-up: models and answers of every row, their figures and tests, the page."""
import json

import numpy as np

import accuracy_data
import accuracy_metrics
import accuracy_report
import accuracy_speed
import agreement
import detections
import workers
from accuracy_quantizers import FLOAT, NAMES, Bench

LARGE_INPUT = 3 * 200 * 200  # --every thins out the held-out inputs of larger networks only
SUSPICIOUS_DB = 12.0         # below it the peer's float model is asked whether the conversion itself is at fault
TRIAL = 10                   # a row's second way to run answers every 10th input first,
BETTER_DB = 0.3              # and all of them only if it is that much better


class Answers:
    """One model's answers, measured against float's; `step`: they are to every nth input of the references."""

    def __init__(self, network, references, path, every, step=1):
        references = [reference[::step] for reference in references]
        found = agreement.matched(agreement.outputs(path), references)
        if found is None:
            raise workers.Failed("its outputs have other sizes")
        if not all(np.isfinite(output).all() for output in found):
            raise workers.Failed("its answers are not finite")
        self.powers = accuracy_metrics.Powers(references, found)
        self.sqnr_db = self.powers.sqnr_db()
        self.figures = {"sqnr_db": self.sqnr_db}
        if network["task"] == "classification":
            self.classes = found[0].argmax(axis=1)
            self.right = self.classes == np.asarray(network["labels"][::every][::step])
            agree = 100 * np.mean(self.classes == references[0].argmax(axis=1))
            self.figures.update(top1=100 * float(self.right.mean()), agreement=float(agree))
        if network["task"] == "detection":
            self.boxes = detections.compare(network, references, found)
            matched, total, expected, found = (int(count) for count in np.sum(self.boxes, axis=0))
            self.figures.update(matched=matched, boxes=expected, f1=200 * matched / max(total, 1),
                                found=100 * found / max(expected, 1))


def _best_answers(bench, row, network, references, model, every):
    """The answers of the row's best way to run, and the SQNR of all of them on the inputs of the trial, or None."""
    def answers(i, step=1):
        return Answers(network, references, bench.answers(row, network, model, i, step), every, step)

    best, best_db, runs_db, failures = None, None, [], []
    for i in range(len(row.runs)):
        try:
            step = 1 if len(row.runs) == 1 or len(references[0]) < 10 * TRIAL else TRIAL
            runs_db.append(answers(i, step).sqnr_db)
        except (workers.Failed, BrokenPipeError) as failure:
            runs_db.append(None)
            failures.append(str(failure))
            continue
        if best is None or runs_db[-1] > best_db + BETTER_DB:
            best, best_db = i, runs_db[-1]
    if best is None:
        raise workers.Failed(failures[0])
    return answers(best), runs_db


def _float_conversion_db(bench, row, network, folder, references, every):
    """SQNR of the peer's own float model: what its converter loses without any quantization."""
    made = bench.make(row, network, folder, "fp32")
    if "path" not in made:
        return None
    try:
        return _best_answers(bench, row, network, references, made["path"], every)[1][0]
    except workers.Failed:
        return None


def _measure_row(bench, row, network, folder, references, every):
    """(answers or None, figures)."""
    missing = bench.missing(row)
    if missing:
        return None, {"failed": missing}
    made = bench.make(row, network, folder)
    if "path" not in made:
        return None, {"failed": f"quantizing it: {made['failed']}"}
    try:
        answers, runs = _best_answers(bench, row, network, references, made["path"], every)
    except workers.Failed as failure:
        return None, {"failed": f"running it: {failure}"}
    figures = {**answers.figures, "seconds": made["seconds"]}
    if len(runs) > 1:
        figures["runs_db"] = runs
    if answers.sqnr_db < SUSPICIOUS_DB and row.peer not in ("octet", "onnxruntime"):
        figures["float_conversion_db"] = _float_conversion_db(bench, row, network, folder, references, every)
    return answers, figures


def _compared(ours, theirs):
    """Octet's answers against another's, each quantity as 'better', 'worse' or 'same'."""
    result = {"sqnr": accuracy_metrics.compare_sqnr(ours.powers, theirs.powers)}
    if hasattr(ours, "right"):
        result["top1"] = accuracy_metrics.compare_right(ours.right, theirs.right)
    if hasattr(ours, "boxes"):
        result["f1"] = accuracy_metrics.compare_f1(ours.boxes, theirs.boxes)
    return result


def measure(bench, rows, network, folder, kept):
    """Yields the figures of one network after each row; rows that are not asked for keep those of an earlier call."""
    every = bench.every
    float_path = bench.answers(FLOAT, network, _float_model(network, folder))
    references = agreement.outputs(float_path)
    reference = Answers(network, references, float_path, every)
    result = {key: network[key] for key in ("name", "task", "source", "target", "calibration_count")}
    same = kept.get("held_out_count") == len(references[0])
    result.update(held_out_count=len(references[0]), float=reference.figures, rows=dict(kept["rows"]) if same else {})
    answers = {}
    octet = next((row for row in rows if row.name == "octet"), None)
    for row in rows:
        answers[row.name], result["rows"][row.name] = _measure_row(bench, row, network, folder, references, every)
        figures = result["rows"][row.name]
        if answers[row.name] and network["task"] == "classification":
            figures["against_float"] = accuracy_metrics.compare_right(answers[row.name].right, reference.right)
        if octet and answers["octet"] and answers[row.name] and row.name != "octet":
            figures["octet_is"] = _compared(answers["octet"], answers[row.name])
        print(f"{network['name']}: {row.name}: {_short(figures)}", flush=True)
        yield {**result, "rows": {name: result["rows"][name] for name in NAMES if name in result["rows"]}}


def _float_model(network, folder):
    """The float network, in a folder of its own for its answers."""
    target = FLOAT.folder(folder) / "network.onnx"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(network["onnx"])
    return str(target)


def _short(figures):
    if "failed" in figures:
        return figures["failed"]
    parts = [f"{key} {figures[key]:.2f}" for key in ("top1", "agreement", "f1", "sqnr_db", "seconds") if key in figures]
    extra = [f"{key} {figures[key]}" for key in ("runs_db", "octet_is") if key in figures]
    return ", ".join(parts + extra)


class _Results:
    """results.json. It is read again before each change: another call may have measured another network meanwhile."""

    def __init__(self, path):
        self.path = path

    def read(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {"networks": {}, "versions": {}}

    def put(self, versions, **parts):
        values = self.read()
        for name, part in parts.items():
            values[name] = {**values.get(name, {}), **part}
        values["versions"].update(versions)
        self.path.write_text(json.dumps(values, indent=1))


def run(given, environments, rows, root):
    folder = given.work / "accuracy"
    folder.mkdir(parents=True, exist_ok=True)
    results = _Results(folder / "results.json")
    names = accuracy_data.names(given.data)
    for name in (given.only or names) if "measure" in given.steps else ():
        network = accuracy_data.prepare(name, folder / name, given.data)
        bench = Bench(environments, given.every if np.prod(network["shape"]) > LARGE_INPUT else 1)
        kept = results.read()["networks"].get(name, {})
        asked = [row for row in rows if row.networks is None or name in row.networks]
        if given.kept:
            asked = [row for row in asked if row.name == "octet" or (row.folder(folder / name) / "made.json").exists()]
        for figures in measure(bench, asked, network, folder / name, kept):
            results.put(environments.versions, networks={name: figures})
    if "speed" in given.steps:
        kept = results.read().get("speed", {})
        results.put(environments.versions, speed=accuracy_speed.measure(given, environments, rows, kept))
    if "report" in given.steps:
        values = results.read()
        values["missing"] = [name for name in names if name not in values["networks"]]
        values["networks"] = {name: values["networks"][name] for name in names if name in values["networks"]}
        accuracy_report.show(values, given, root)
