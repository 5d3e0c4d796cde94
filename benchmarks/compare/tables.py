# SPDX-License-Identifier: Apache-2.0
"""The tables in Markdown, each a function of results.json."""

ISA_NAMES = {"all": "AVX512-VNNI", "avxvnni": "AVX-VNNI", "avx2": "AVX2"}
PEERS = ("onnxruntime", "openvino", "litert", "mnn", "ncnn")
CLASSICS = ("mobilenet_v1", "mobilenet_v2", "resnet18", "resnet50")
GOALS = {  # Octet's time times this must not exceed the best peer's
    "all": {"mobilenet_v1": 1.35, "mobilenet_v2": 1.70, "resnet18": 1.30, "resnet50": 1.15},
    "avxvnni": {"mobilenet_v1": 1.32, "mobilenet_v2": 1.70, "resnet18": 1.25, "resnet50": 1.12},
    "avx2": {"mobilenet_v1": 1.15, "mobilenet_v2": 1.18, "resnet18": 1.70, "resnet50": 1.15}}
MEAN_GOALS = {"all": 1.35, "avxvnni": 1.32, "avx2": 1.28}
# The best peer of each network where it was measured on all three instruction sets, a Zen 5 (ms), and the limits there
# in GMAC/s: what a peer would need here is that time scaled by the limits.
ELSEWHERE = {
    "all": {"limit": 578, "of": "avx512vnni",
            "mobilenet_v1": 1.63, "mobilenet_v2": 1.36, "resnet18": 3.89, "resnet50": 9.36},
    "avxvnni": {"limit": 289, "of": "avxvnni",
                "mobilenet_v1": 3.23, "mobilenet_v2": 2.59, "resnet18": 7.25, "resnet50": 17.15},
    "avx2": {"limit": 144, "of": "avx2",
             "mobilenet_v1": 5.17, "mobilenet_v2": 3.63, "resnet18": 13.58, "resnet50": 31.3}}


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def time_of(result, key, statistic="min"):
    return result["times"].get(key, {}).get(statistic)


def best_peer(result, isa, threads, statistic):
    """(time, name) of the fastest peer, or None."""
    times = [(time_of(result, f"{peer}/int8/{isa}/{threads}", statistic), peer) for peer in PEERS]
    return min((entry for entry in times if entry[0]), default=None)


def milliseconds(value):
    return "-" if value is None else f"{value:.3g}" if value < 1 else f"{value:.2f}"


def macs_of(result):
    for profile in result.get("profiles", {}).values():
        return profile["macs"]
    return None


def _peer_cell(result, peer, isa, threads, notes):
    key = f"{peer}/int8/{isa}/{threads}"
    own, other = time_of(result, f"octet/int8/{isa}/{threads}"), time_of(result, key)
    if other:
        return f"{milliseconds(other)} ({other / own:.2f})" if own else milliseconds(other)
    reason = result["failed"].get(key, "not run")
    if reason not in notes:
        notes.append(reason)
    return f"none [{notes.index(reason) + 1}]"


def latency(results, isa, threads):
    """Every network: Octet, the peers, and how many times faster Octet is than the best of them."""
    rows, notes = [], []
    for name, result in results["networks"].items():
        own = [time_of(result, f"octet/int8/{isa}/{threads}", statistic) for statistic in ("min", "median")]
        if not own[0]:
            continue
        best = [best_peer(result, isa, threads, statistic) for statistic in ("min", "median")]
        ratios = [f"{b[0] / o:.2f}" if b else "-" for b, o in zip(best, own)]
        macs = macs_of(result)
        rows.append([name, f"{macs / 1e6:.1f}" if macs else "-", f"{milliseconds(own[0])} / {milliseconds(own[1])}",
                     *(_peer_cell(result, peer, isa, threads, notes) for peer in PEERS),
                     best[0][1] if best[0] else "-", f"**{ratios[0]}**", ratios[1]])
    header = ["network", "MMAC", "Octet ms, min / median", *(f"{peer} ms (times)" for peer in PEERS), "best peer",
              "times, min", "times, median"]
    lines = [table(header, rows)]
    lines += [f"\n[{i + 1}] {note}" for i, note in enumerate(notes)]
    return "\n".join(lines)


def on_avxvnni(results):
    """Octet on AVX-VNNI; where no peer could be held to it, against the peers with all of AVX-512."""
    if any(best_peer(result, "avxvnni", 1, "min") for result in results["networks"].values()):
        return latency(results, "avxvnni", 1)
    rows = []
    for name, result in results["networks"].items():
        own, median = (time_of(result, "octet/int8/avxvnni/1", statistic) for statistic in ("min", "median"))
        best = best_peer(result, "all", 1, "min")
        if own and best:
            rows.append([name, f"{milliseconds(own)} / {milliseconds(median)}", best[1], milliseconds(best[0]),
                         f"{best[0] / own:.2f}"])
    return table(["network", "Octet ms, min / median", "fastest peer, with AVX-512", "its ms", "times"], rows)


def _limits(result):
    for profile in result.get("profiles", {}).values():
        return profile.get("limits", {})
    return {}


def _geometric(values):
    product = 1.0
    for value in values:
        product *= value
    return product ** (1 / len(values)) if values else 0.0


def goals(results):
    """The goals: against the best peer measured here, and against the peers' fractions of the limit elsewhere."""
    rows = []
    for isa, wanted in GOALS.items():
        for kind in ("measured here", "by the limit"):
            cells, ratios = [], []
            for name in CLASSICS:
                result = results["networks"].get(name, {"times": {}})
                own, best = time_of(result, f"octet/int8/{isa}/1"), best_peer(result, isa, 1, "min")
                against = best and best[0]
                if kind == "by the limit":
                    limit = _limits(result).get(ELSEWHERE[isa]["of"])
                    against = limit and ELSEWHERE[isa][name] * ELSEWHERE[isa]["limit"] / limit
                if not own or not against:
                    cells.append("-")
                    continue
                ratios.append(against / own)
                cells.append(f"{against / own:.2f} ({wanted[name]:.2f})")
            if ratios:
                rows.append([ISA_NAMES[isa], kind, *cells, f"{_geometric(ratios):.2f} ({MEAN_GOALS[isa]:.2f})"])
    return table(["instruction set", "best peer's time", *CLASSICS, "geometric mean"], rows)


def against_float(results):
    """INT8 over float: full instruction set and held to AVX2, each over the fastest float path of that set."""
    rows = []
    for name, result in results["networks"].items():
        row = [name]
        for isa in ("all", "avx2"):
            own = time_of(result, f"octet/int8/{isa}/1")
            floats = [time_of(result, f"{peer}/fp32/{isa}/1") for peer in ("octet", "onnxruntime")]
            row += [milliseconds(own)]
            row += [f"{milliseconds(f)} ({f / own:.2f})" if f and own else "-" for f in floats]
        rows.append(row)
    return table(["network", "INT8 ms", "XNNPACK float ms (times)", "onnxruntime float ms (times)", "INT8 ms, AVX2",
                  "XNNPACK float, AVX2", "onnxruntime float, AVX2"], rows)


def two_threads(results):
    """How much faster two threads are than one."""
    rows = []
    for name, result in results["networks"].items():
        row = [name]
        for peer in ("octet", *PEERS):
            one, two = (time_of(result, f"{peer}/int8/all/{threads}") for threads in (1, 2))
            row.append(f"{milliseconds(two)} ({one / two:.2f})" if one and two else "-")
        best, own = best_peer(result, "all", 2, "min"), time_of(result, "octet/int8/all/2")
        trips = result.get("round_trips_ns")
        rows.append([*row, f"{best[0] / own:.2f}" if best and own else "-",
                     f"{min(trips):.0f} to {max(trips):.0f}" if trips else "-"])
    return table(["network", *(f"{peer} ms (over 1 thread)" for peer in ("Octet", *PEERS)), "best peer / Octet",
                  "round trip, ns"], rows)


def agreement(results):
    """Each INT8 answer against onnxruntime's float answer; AVX2 too for those that saturate there."""
    columns = [*((peer, "all") for peer in ("octet", *PEERS)), ("onnxruntime", "avx2"), ("openvino", "avx2")]
    rows = []
    for name, result in results["networks"].items():
        row = [name]
        for peer, isa in columns:
            entry = result["agreement"].get(f"{peer}/int8/{isa}/1")
            if not entry or "cosine" not in entry:
                row.append(entry["failed"] if entry else "-")
                continue
            top1 = f" / {entry['top1']:.0f}" if "top1" in entry else ""
            row.append(f"{entry['cosine']:.4f} / {entry['worst']:.4f}{top1}")
        rows.append(row)
    return table(["network", "Octet", *PEERS, "onnxruntime, AVX2", "openvino, AVX2"], rows)


def starts(results):
    rows = []
    for peer, entry in results.get("starts", {}).items():
        if "failed" in entry:
            rows.append([peer, entry["failed"], "-", "-"])
            continue
        growth = entry.get("rss_growth_bytes")
        peak = entry.get("peak_rss_bytes")
        rows.append([peer, f"{entry['first_answer_ms']:.2f}",
                     f"{growth / 1e6:.1f}" if growth else "-", f"{peak / 1e6:.1f}" if peak else "-"])
    return table(["", "load to first answer, ms", "resident memory that it adds to a process, MB",
                  "peak of the whole process, MB"], rows)


def growth(results):
    """Octet's MobileNetV2 as it grows."""
    parts = []
    for what, entries in results.get("growth", {}).items():
        rows = [[e["value"], f"{e['macs'] / 1e6:.0f}", milliseconds(e["ms"]), f"{e['macs'] / e['ms'] / 1e6:.0f}",
                 f"{e['ms'] / e['two_threads_ms']:.2f}" if e.get("two_threads_ms") else "-",
                 f"{e['arena_bytes'] / 1e6:.2f}"] for e in entries]
        parts.append(table([what, "MMAC", "ms", "GMAC/s", "two threads are faster by", "activations MB"], rows))
    return "\n\n".join(parts)
