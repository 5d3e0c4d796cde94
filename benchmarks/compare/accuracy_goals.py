# SPDX-License-Identifier: Apache-2.0
"""The goals that docs/accuracy.md holds Octet to, and what was measured."""
import accuracy_report

TOP1_POINTS = 0.5
AGREEMENT = {"squeezenet_v1_0": 94.0}  # 97 elsewhere
TARGETS = {"mlperf_tiny_ic_resnet8": 85.0, "mlperf_tiny_kws_dscnn": 90.0, "mlperf_tiny_vww_mobilenetv1_025": 80.0}
LOGITS = {"mobilenet_v1_075_224_bn": 25.5}
WIDE_DB = 28
BOXES = 97.0


def _ours(results, task):
    return [(name, result, result["rows"]["octet"]) for name, result in results["networks"].items()
            if result["task"] == task and "sqnr_db" in result["rows"].get("octet", {})]


def _met(value):
    return "met" if value else "**not met**"


def classifiers(results):
    """Octet's default against float, network by network."""
    lines = []
    for name, result, figures in _ours(results, "classification"):
        said = figures["against_float"]
        drop = result["float"]["top1"] - figures["top1"]
        least = AGREEMENT.get(name, 97.0)
        words = {"same": "no difference beyond the noise"}.get(said["verdict"], said["verdict"])
        lines.append([name, str(result["held_out_count"]), accuracy_report.number(result["float"]["top1"]),
                      accuracy_report.number(figures["top1"]), f"{-drop:+.1f}",
                      f"{words} ({said['only_ours']} : {said['only_theirs']}, p = {said['p']:.2f})",
                      _met(drop <= TOP1_POINTS), accuracy_report.number(figures["agreement"]),
                      f"{_met(figures['agreement'] >= least)} ({least:.0f})"])
    return accuracy_report.table(["network", "inputs", "float top-1", "INT8 top-1", "points", "INT8 is", "0.5 points",
                                  "agreement", "goal"], lines)


def _quality(results):
    for name, target in TARGETS.items():
        figures = results["networks"].get(name, {}).get("rows", {}).get("octet", {})
        if "top1" in figures:
            yield [f"{name}: MLPerf Tiny's target of {target:.0f}", accuracy_report.number(figures["top1"]),
                   _met(figures["top1"] >= target)]
    for name, target in LOGITS.items():
        figures = results["networks"].get(name, {}).get("rows", {}).get("octet", {})
        if "sqnr_db" in figures:
            yield [f"{name}: logits at {target} dB with the default", accuracy_report.number(figures["sqnr_db"]),
                   _met(figures["sqnr_db"] >= target)]
    for name, result in results["networks"].items():
        figures = result["rows"].get("octet-int16", {})
        if "sqnr_db" in figures:
            yield [f"{name}: {WIDE_DB} dB with three tensors in 16 bits", accuracy_report.number(figures["sqnr_db"]),
                   _met(figures["sqnr_db"] >= WIDE_DB)]
    for name, _, figures in _ours(results, "detection"):
        yield [f"{name}: {BOXES:.0f}% of the boxes match float's", accuracy_report.number(figures["f1"]),
               _met(figures["f1"] >= BOXES)]


def _against_peers(results):
    for what, key in (("top-1", "top1"), ("boxes", "f1"), ("SQNR", "sqnr")):
        worse = [f"{name} ({accuracy_report.WORDS[row]})" for name, result in results["networks"].items()
                 for row, figures in result["rows"].items() if not accuracy_report.is_octet(row)
                 and accuracy_report.verdict(figures.get("octet_is", {}).get(key)) == "worse"]
        yield [f"no peer better beyond the noise, {what}", "; ".join(worse) or "none is", _met(not worse)]


def _means(results):
    """Octet's mean SQNR over the networks of each peer's row is the larger one."""
    below = []
    for row in accuracy_report.ROWS:
        pairs = [] if accuracy_report.is_octet(row.name) else accuracy_report.pairs_of(results, row)
        if sum(ours - figures["sqnr_db"] for ours, figures in pairs) < 0:
            below.append(row.words)
    yield ["best mean SQNR over the networks that a peer can do", "; ".join(below) or "above every peer's",
           _met(not below)]


def table_of_goals(results):
    counts = [(name, result, figures) for name, result, figures in _ours(results, "classification")]
    near = [name for name, result, figures in counts if result["float"]["top1"] - figures["top1"] <= TOP1_POINTS]
    agree = [name for name, _, figures in counts if figures["agreement"] >= AGREEMENT.get(name, 97.0)]
    lines = [["top-1 within 0.5 points of float", f"{len(near)} of {len(counts)} classifiers",
              _met(len(near) == len(counts))],
             ["agreement with float 97% (SqueezeNet 94%)", f"{len(agree)} of {len(counts)} classifiers",
              _met(len(agree) == len(counts))],
             *_quality(results), *_against_peers(results), *_means(results)]
    return accuracy_report.table(["goal", "measured", ""], lines)
