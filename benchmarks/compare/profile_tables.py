# SPDX-License-Identifier: Apache-2.0
"""Where the time goes: the operators of `octet bench --profile`, grouped by what computes them."""
from tables import ISA_NAMES, milliseconds, table

FAMILIES = (("first", "first layer"), ("depthwise", "depthwise"), ("winograd", "Winograd"),
            ("gemm", "GEMM"), ("thin", "GEMM"), ("conv_s8", "other convolution"))


def family(operator):
    kernel = operator.get("kernel") or ""
    if operator["type"] == "FullyConnected":
        return "fully connected"
    for part, name in FAMILIES:
        if part in kernel:
            return name
    return "all else"


def _groups(profile):
    """{family: [ms, MACs, ms at the limit]}."""
    groups = {}
    for operator in profile["operators"]:
        entry = groups.setdefault(family(operator), [0.0, 0, 0.0])
        entry[0] += operator["min_ms"]
        entry[1] += operator.get("macs") or 0
        percent = operator.get("percent_of_limit")
        entry[2] += operator["min_ms"] * percent / 100 if percent else 0.0
    return groups


def where_time_goes(results, names):
    """A row for each network and instruction set; each family's share of the time and its percent of the limit."""
    found = [(name, isa, _groups(profile)) for name in names
             for isa, profile in results["networks"].get(name, {}).get("profiles", {}).items()]
    present = {key for _, _, groups in found for key in groups}
    families = dict.fromkeys([name for _, name in FAMILIES] + ["fully connected", "all else"])
    order = [key for key in families if key in present]
    rows = []
    for name, isa, groups in found:
        total = sum(entry[0] for entry in groups.values())
        at_limit = sum(entry[2] for entry in groups.values())
        cells = []
        for key in order:
            ms, macs, limit_ms = groups.get(key, (0.0, 0, 0.0))
            percent = f", {100 * limit_ms / ms:.0f}%" if macs and ms else ""
            cells.append(f"{100 * ms / total:.0f}%{percent}" if ms else "-")
        rows.append([name, ISA_NAMES[isa], milliseconds(total), *cells, f"{100 * at_limit / total:.0f}%"])
    return table(["network", "instruction set", "ms", *order, "whole network, of the limit"], rows)


def limits(results):
    for result in results["networks"].values():
        for profile in result.get("profiles", {}).values():
            if profile.get("limits"):
                return table(list(profile["limits"]), [[f"{value:.0f}" for value in profile["limits"].values()]])
    return ""
