# SPDX-License-Identifier: Apache-2.0
"""The picture: how many times Octet's time each peer needs, as SVG."""
from tables import PEERS, time_of

COLOURS = {"onnxruntime": "#2b6cb0", "openvino": "#805ad5", "litert": "#dd6b20", "mnn": "#38a169", "ncnn": "#718096"}
LEFT, SCALE, BAR, GAP, TOP, MOST = 230, 130, 11, 12, 64, 5.0


def _bar(y, peer, ratio):
    shown = min(ratio, MOST)
    text = f"{ratio:.2f}" + (" >" if ratio > MOST else "")
    return (f'<rect x="{LEFT}" y="{y}" width="{shown * SCALE:.1f}" height="{BAR - 2}" fill="{COLOURS[peer]}"/>'
            f'<text x="{LEFT + shown * SCALE + 4:.1f}" y="{y + BAR - 3}" font-size="10" fill="#444">{text}</text>')


def _axis(height):
    parts = []
    for k in range(int(MOST) + 1):
        x = LEFT + k * SCALE
        colour = "#333" if k == 1 else "#ddd"
        parts.append(f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{height - 8}" stroke="{colour}"/>'
                     f'<text x="{x}" y="{TOP - 14}" text-anchor="middle">{"Octet" if k == 1 else f"{k}x"}</text>')
    return parts


def _legend():
    parts, x = [], LEFT
    for peer in PEERS:
        parts.append(f'<rect x="{x}" y="12" width="10" height="10" fill="{COLOURS[peer]}"/>'
                     f'<text x="{x + 14}" y="21">{peer}</text>')
        x += 110
    return parts


def picture(results, isa, threads):
    """Bars to the right of the line at 1: Octet is faster."""
    rows = []
    for name, result in results["networks"].items():
        own = time_of(result, f"octet/int8/{isa}/{threads}")
        times = {peer: time_of(result, f"{peer}/int8/{isa}/{threads}") for peer in PEERS}
        rows.append((name, {peer: time / own for peer, time in times.items() if time and own}))
    height = TOP + sum(BAR * max(1, len(ratios)) + GAP for _, ratios in rows) + 16
    body, y = [], TOP
    for name, ratios in rows:
        size = BAR * max(1, len(ratios))
        body.append(f'<text x="{LEFT - 8}" y="{y + size / 2 + 4:.0f}" text-anchor="end">{name}</text>')
        for k, (peer, ratio) in enumerate(ratios.items()):
            body.append(_bar(y + BAR * k, peer, ratio))
        y += size + GAP
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + (MOST + 0.5) * SCALE:.0f}" height="{height}" '
            'font-family="system-ui, sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>')
    return "\n".join([head, *_legend(), *_axis(height), *body, "</svg>"]) + "\n"
