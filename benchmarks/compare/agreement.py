# SPDX-License-Identifier: Apache-2.0
"""Do the answers agree? Every peer's answers to the held-out inputs against onnxruntime's float answers."""
import numpy as np

REFERENCE = "onnxruntime-fp32-all-1.npz"


def outputs(path):
    """[the answers of one output to each input, flat] for every output of a file."""
    found = {}
    with np.load(path) as file:
        for name in sorted(file.files, key=lambda n: [int(part) for part in n.split("_")]):
            found.setdefault(name.split("_")[0], []).append(file[name].ravel().astype(np.float64))
    return [np.stack(rows) for rows in found.values()]


def _cosines(a, b):
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.sum(a * b, axis=1) / np.maximum(norms, 1e-30)


def matched(found, references):
    """The outputs in the references' order: some converters reorder them; sizes and likeness tell which is which."""
    left, result = list(found), []
    for reference in references:
        fitting = [output for output in left if output.shape == reference.shape]
        if not fitting:
            return None
        best = max(fitting, key=lambda output: _cosines(output, reference).mean())
        left = [output for output in left if output is not best]
        result.append(best)
    return result


def compare(folder):
    """{configuration: {"cosine": mean, "worst": smallest, "top1": percent that agree}} for the files of a folder."""
    reference_path = folder / REFERENCE
    if not reference_path.exists():
        return {}
    references, result = outputs(reference_path), {}
    for path in sorted(folder.glob("*.npz")):
        found = matched(outputs(path), references)
        key = path.stem.replace("-", "/")
        if found is None:
            result[key] = {"failed": "its outputs have other sizes"}
            continue
        cosines = np.concatenate([_cosines(a, b) for a, b in zip(found, references)])
        result[key] = {"cosine": float(cosines.mean()), "worst": float(cosines.min())}
        if len(references) == 1:
            equal = found[0].argmax(axis=1) == references[0].argmax(axis=1)
            result[key]["top1"] = 100 * float(equal.mean())
    return result
