# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/accuracy.md."""
import time

import accuracy_goals
from accuracy_quantizers import ROWS
from report import cpu_name, replaced

WORDS = {row.name: row.words for row in ROWS}
VERDICTS = {"better": "better", "worse": "**worse**", "same": "no difference beyond the noise"}


def number(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"


class Footnotes:
    """Reasons below a table, each once."""

    def __init__(self):
        self.texts = []

    def mark(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return f"[{self.texts.index(text) + 1}]"

    def lines(self):
        return ["", *(f"[{i}] {text}  " for i, text in enumerate(self.texts, 1))] if self.texts else []


def table(columns, rows):
    return ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns),
            *("| " + " | ".join(row) + " |" for row in rows)]


def is_octet(name):
    return name.split("-")[0] == "octet"


def best_peer(result, key="sqnr_db"):
    """Name and figures of the peer with the largest figure, or None."""
    found = [(figures[key], name) for name, figures in result["rows"].items() if not is_octet(name) and key in figures]
    return (max(found)[1], result["rows"][max(found)[1]]) if found else None


def _note_of(figures):
    """What must be said of a row's answers."""
    notes, runs = [], figures.get("runs_db", [])
    if len(runs) == 2 and None in runs:
        notes.append("runs only with its graph optimizations" if runs[1] is None else
                     "runs only without its graph optimizations")
    elif len(runs) == 2 and abs(runs[1] - runs[0]) > 1:
        without, words = (runs[0], "without") if runs[1] > runs[0] else (runs[1], "with")
        notes.append(f"{words} its graph optimizations; otherwise {without:.1f} dB")
    lossless = figures.get("float_conversion_db")
    if lossless is not None:
        notes.append(f"its float model: {lossless:.0f} dB, so the loss is "
                     + ("the quantization's" if lossless > 40 else "already in the conversion"))
    return "; ".join(notes)


def _figures_columns(result):
    if result["task"] == "classification":
        return [("top-1", "top1"), ("agreement", "agreement")]
    return [("boxes that match, %", "f1"), ("found, %", "found")] if result["task"] == "detection" else []


def network_table(result):
    """All rows of one network."""
    keys, notes = _figures_columns(result), Footnotes()
    verdicts = {"classification": ["top1"], "detection": ["f1"]}.get(result["task"], []) + ["sqnr"]
    names = {"top1": "Octet's top-1 is", "f1": "Octet's boxes are", "sqnr": "Octet's SQNR is"}
    columns = ["quantizer", *(words for words, _ in keys), "SQNR dB", *(names[key] for key in verdicts)]
    lines = [[f"float ({result['held_out_count']} inputs; {result['calibration_count']} to calibrate)",
              *(number(result["float"].get(key)) for _, key in keys), "-", *("" for _ in verdicts)]]
    for name, figures in result["rows"].items():
        if "failed" in figures:
            lines.append([f"{WORDS[name]} {notes.mark(figures['failed'])}", *("-" for _ in columns[1:])])
            continue
        note = _note_of(figures)
        said = figures.get("octet_is", {})
        cells = [VERDICTS[verdict(said[key])] if key in said else "" for key in verdicts]
        lines.append([WORDS[name] + (" " + notes.mark(note) if note else ""),
                      *(number(figures.get(key)) for _, key in keys), number(figures["sqnr_db"]), *cells])
    for row in ROWS:
        if row.name not in result["rows"] and (row.networks is None or result["name"] in row.networks):
            lines.append([f"{row.words}: not in this run", *("" for _ in columns[1:])])
    return [f"### {result['name']}", "", f"Inputs: {result['source']}.", "", *table(columns, lines), *notes.lines(), ""]


def verdict(said):
    """Of a test's result, which may carry its counts."""
    return said["verdict"] if isinstance(said, dict) else said


def against_best(results):
    """Octet beside the peer with the best SQNR of each network, and the one with the best top-1."""
    lines = []
    for name, result in results["networks"].items():
        ours, best = result["rows"].get("octet", {}), best_peer(result)
        if "sqnr_db" not in ours or not best:
            continue
        key = {"classification": "top1", "detection": "f1"}.get(result["task"])
        row = [name, number(ours["sqnr_db"]), f"{number(best[1]['sqnr_db'])} ({WORDS[best[0]]})",
               VERDICTS[best[1]["octet_is"]["sqnr"]]]
        if key and (strongest := best_peer(result, key)):
            said = verdict(strongest[1]["octet_is"][key])
            row += [number(ours[key]), f"{number(strongest[1][key])} ({WORDS[strongest[0]]})", VERDICTS[said]]
        else:
            row += ["-", "-", "-"]
        lines.append(row)
    return table(["network", "Octet, SQNR dB", "best peer", "Octet is", "Octet, top-1 or boxes", "best peer",
                  "Octet is"], lines)


def pairs_of(results, row):
    """[(Octet's SQNR, the row's figures)] over the networks that the row can do."""
    return [(result["rows"]["octet"]["sqnr_db"], result["rows"][row.name]) for result in results["networks"].values()
            if "sqnr_db" in result["rows"].get(row.name, {}) and "sqnr_db" in result["rows"].get("octet", {})]


def means(results):
    """Every quantizer's mean SQNR over the networks that it can do, and Octet's over the same."""
    lines = []
    for row in ROWS:
        pairs = pairs_of(results, row)
        if not pairs:
            continue
        said = [figures["octet_is"]["sqnr"] for _, figures in pairs if "octet_is" in figures]
        its, ours = (sum(values) / len(pairs) for values in zip(*((f["sqnr_db"], db) for db, f in pairs)))
        lines.append([row.words, str(len(pairs)), number(its, 2), number(ours, 2),
                      *(str(said.count(verdict)) if said else "-" for verdict in ("better", "same", "worse"))])
    return table(["quantizer", "networks", "its mean SQNR dB", "Octet's on the same", "Octet better",
                  "within the noise", "Octet worse"], lines)


def speed(results):
    lines = []
    for name, measured in results.get("speed", {}).items():
        ranges = min(next(iter(measured["seconds"].values())))
        for what, seconds in measured["seconds"].items():
            lines.append([name, what, number(min(seconds), 2), number(sorted(seconds)[len(seconds) // 2], 2),
                          number(min(seconds) / ranges, 1)])
    return table(["network", "what", "s, least", "s, median", "times `octet calibrate`"], lines)


def machine(results):
    versions = ", ".join(results["versions"].values())
    missing = f" Not in this run: {', '.join(results['missing'])}." if results["missing"] else ""
    return [f"{cpu_name()}, {time.strftime('%Y-%m-%d', time.gmtime())}; {versions}.{missing}"]


def show(results, given, root):
    parts = {"machine": machine(results), "goals": accuracy_goals.table_of_goals(results),
             "classifiers": accuracy_goals.classifiers(results), "best": against_best(results), "means": means(results),
             "networks": [line for result in results["networks"].values() for line in network_table(result)],
             "speed": speed(results)}
    if not given.write:
        print("\n\n".join(f"## {marker}\n\n" + "\n".join(lines) for marker, lines in parts.items()))
        return
    page = root / "docs/accuracy.md"
    text = page.read_text()
    for marker, lines in parts.items():
        text = replaced(text, marker, "\n".join(lines), page)
    page.write_text(text)
