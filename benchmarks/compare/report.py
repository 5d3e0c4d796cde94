# SPDX-License-Identifier: Apache-2.0
"""Prints the tables, and puts them between the markers of docs/performance.md, with a picture beside it."""
import pathlib
import platform
import re
import time

import chart
import profile_tables
import tables


def cpu_name():
    fields = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    known = [f"{name} {fields[name]}" for name in ("cpu family", "model") if name in fields]
    return ", ".join([fields.get("model name", platform.processor()), *known])


def facts(environments, given):
    """What the figures depend on."""
    return {"cpu": cpu_name(), "cores": len(given.cores), "kernel": platform.release(),
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "versions": environments.versions,
            "absent": environments.reasons, "rounds": given.rounds, "milliseconds": given.milliseconds}


def one_line(result):
    """What a network's measurement gave, for the terminal."""
    parts = []
    for key, times in sorted(result["times"].items(), key=lambda item: item[1]["min"]):
        agreement = result["agreement"].get(key, {})
        note = f" (cosine {agreement['cosine']:.4f})" if "cosine" in agreement else ""
        parts.append(f"  {key:28} {times['min']:8.3f} {times['median']:8.3f} ms{note}")
    parts += [f"  {key:28} {reason}" for key, reason in result["failed"].items()]
    return "\n".join([result["network"]["name"], *parts])


def _machine(results):
    versions = ", ".join(results["versions"].values())
    absent = "".join(f"; {peer} could not be set up: {reason}" for peer, reason in results["absent"].items())
    disturbed = [r["disturbed"] for network in results["networks"].values() for t in network["times"].values()
                 for r in t["rounds"]]
    return (f"{results['cpu']}, {results['cores']} cores, Linux {results['kernel']}, {results['date']}; "
            f"{versions}{absent}. {results['rounds']} rounds of {results['milliseconds']:.0f} ms for each of them; in "
            f"{sum(d > 0.02 for d in disturbed)} of {len(disturbed)} timings other processes had the core for more than "
            "2% of the time.")


def sections(results):
    """{marker: Markdown}."""
    generated = [name for name, result in results["networks"].items() if result["network"]["random_weights"]]
    others = [name for name in ("squeezenet_v1_0", "ssdlite_mobilenet_v2_coco", "ultraface_rfb_320")]
    return {"machine": _machine(results), "goals": tables.goals(results),
            "avx512vnni": tables.latency(results, "all", 1), "avx2": tables.latency(results, "avx2", 1),
            "avxvnni": tables.on_avxvnni(results),
            "two-threads": tables.two_threads(results), "float": tables.against_float(results),
            "agreement": tables.agreement(results), "starts": tables.starts(results),
            "limits": profile_tables.limits(results),
            "profile": profile_tables.where_time_goes(results, [*generated, *others]),
            "growth": tables.growth(results)}


def replaced(text, marker, body, page):
    """The page's text with a new body between the markers."""
    pattern = re.compile(rf"(<!-- compare:{marker} -->\n).*?(<!-- /compare -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{page}: no marker <!-- compare:{marker} -->")
    return pattern.sub(lambda match: match.group(1) + body + "\n" + match.group(2), text)


def show(results, given, root):
    parts = sections(results)
    if not given.write:
        print("\n\n".join(f"## {marker}\n\n{body}" for marker, body in parts.items()))
        return
    page = root / "docs/performance.md"
    text = page.read_text()
    for marker, body in parts.items():
        text = replaced(text, marker, body, page)
    page.write_text(text)
    (root / "docs/performance.svg").write_text(chart.picture(results, "all", 1))
