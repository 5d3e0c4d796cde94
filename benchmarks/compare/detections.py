# SPDX-License-Identifier: Apache-2.0
"""Boxes from the outputs of the test data's detectors, and how many of two sets of boxes match.

SSDLite:    box_encodings [N, 4] (ty, tx, th, tw) over anchors (ymin, xmin, ymax, xmax): y of the centre = 0.1 * ty *
            height + y, height = exp(0.2 * th) * height, both right-hand ones the anchor's; x and width likewise;
            class_scores [N, 91], class 0 background
Ultraface:  scores [N, 2], class 1 a face; boxes [N, 4] (xmin, ymin, xmax, ymax), decoded by the network
"""
import numpy as np

SCORE = {"ssdlite_mobilenet_v2_coco": 0.5, "ultraface_rfb_320": 0.7}
OVERLAP = {"ssdlite_mobilenet_v2_coco": 0.6, "ultraface_rfb_320": 0.3}  # at which the weaker box is dropped
SAME = 0.5  # intersection over union of a match
SLACK = 0.1  # how far below the limit of the score a box still counts as found


def overlaps(box, boxes):
    """Intersection over union of a box with others, all (xmin, ymin, xmax, ymax)."""
    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    common = np.prod(np.maximum(size, 0), axis=1)
    area = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return common / np.maximum(area - common, 1e-12)


def _kept(boxes, scores, limit):
    """Indices of the boxes that no stronger one covers, strongest first."""
    order, kept = list(np.argsort(-scores, kind="stable")), []
    while order:
        best = order.pop(0)
        kept.append(best)
        order = [i for i, overlap in zip(order, overlaps(boxes[best], boxes[order])) if overlap <= limit]
    return kept


def _ssdlite_boxes(encodings, anchors):
    centre, size = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    centre = encodings[:, :2] * 0.1 * size + centre
    size = np.exp(np.minimum(encodings[:, 2:] * 0.2, 10)) * size
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)[:, [1, 0, 3, 2]]


def decode(network, outputs, slack=0.0):
    """[(class, score, box)] of one image, strongest first; `outputs` flat, in the order of the ONNX file."""
    name = network["name"]
    least = SCORE[name] - slack
    if name.startswith("ssdlite"):
        anchors = np.fromfile(network["extra"], np.float32).reshape(-1, 4).astype(np.float64)
        boxes, scores = _ssdlite_boxes(outputs[0].reshape(-1, 4), anchors), outputs[1].reshape(len(anchors), -1)
    else:
        scores, boxes = outputs[0].reshape(-1, 2), outputs[1].reshape(-1, 4)
    found = []
    for label in range(1, scores.shape[1]):
        strong = np.flatnonzero(scores[:, label] >= least)
        for i in _kept(boxes[strong], scores[strong, label], OVERLAP[name]) if len(strong) else ():
            found.append((label, float(scores[strong[i], label]), boxes[strong[i]]))
    return sorted(found, key=lambda detection: -detection[1])


def matches(references, found):
    """How many pairs of the same class overlap enough; each box is in one pair at most."""
    left, count = list(found), 0
    for label, _, box in references:
        fitting = [(overlaps(box, other[2][None])[0], i) for i, other in enumerate(left) if other[0] == label]
        overlap, best = max(fitting, default=(0, None))
        if overlap >= SAME:
            left.pop(best)
            count += 1
    return count


def compare(network, references, outputs):
    """For each image (matches, boxes of the reference + boxes found, boxes of the reference, those of them that are
    found with SLACK); both are lists of outputs [images, values]."""
    result = []
    for i in range(len(references[0])):
        expected, found = (decode(network, [output[i] for output in side]) for side in (references, outputs))
        weaker = decode(network, [output[i] for output in outputs], SLACK)
        result.append((matches(expected, found), len(expected) + len(found), len(expected), matches(expected, weaker)))
    return result
