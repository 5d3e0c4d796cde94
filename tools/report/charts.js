// SPDX-License-Identifier: Apache-2.0
//
// Elements and pictures of the report. Names come from files of strangers: they enter the page as text only.
'use strict';

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === 'onclick' || key === 'oninput') node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function short(x) {
  if (x === 0) return '0';
  const size = Math.abs(x);
  return size >= 1e5 || size < 1e-3 ? x.toExponential(1) : String(Number(x.toPrecision(3)));
}

// Counts on a logarithmic scale; what the range holds in blue on a shaded band, what it clips in red.
function histogram(tensor, width, height, small) {
  const h = tensor.histogram, range = tensor.range;
  const bottom = small ? 0 : 18;
  const picture = svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
    'aria-label': `Histogram of ${tensor.name}` + (range ? `, range ${short(range[0])} to ${short(range[1])}` : '')});
  const ends = [h.first, h.first + h.width * h.counts.length, 0];
  if (range && !small) ends.push(range[0], range[1]);
  const least = Math.min(...ends), most = Math.max(...ends);
  const x = value => (value - least) / (most - least || 1) * (width - 2) + 1;
  const top = Math.log1p(Math.max(...h.counts));
  if (range) {
    const from = Math.max(x(range[0]), 0), to = Math.min(x(range[1]), width);
    picture.append(svg('rect', {x: from, y: 0, width: Math.max(to - from, 1), height: height - bottom, fill: 'var(--band)'}));
  }
  h.counts.forEach((count, i) => {
    if (!count) return;
    const a = h.first + i * h.width, b = a + h.width;
    const outside = range && (b <= range[0] || a >= range[1]);
    const size = Math.max(Math.log1p(count) / top * (height - bottom - 2), 1);
    picture.append(svg('rect', {x: x(a), y: height - bottom - size, width: Math.max(x(b) - x(a) - (small ? 0 : .5), .5),
      height: size, fill: outside ? 'var(--bad)' : range ? 'var(--int8)' : 'var(--fp32)'}));
  });
  if (small) return picture;
  const marks = range ? [range[0], range[1], 0] : [least, most, 0];
  let last = [];
  for (const mark of marks) {
    const at = x(mark);
    if (last.some(other => Math.abs(other - at) < 45)) continue;
    last.push(at);
    picture.append(svg('line', {x1: at, x2: at, y1: 0, y2: height - bottom, stroke: 'var(--quiet)', 'stroke-dasharray': mark === 0 ? '2 3' : 'none'}));
    const text = svg('text', {x: at, y: height - 5, 'text-anchor': at < 30 ? 'start' : at > width - 30 ? 'end' : 'middle'});
    text.textContent = short(mark);
    picture.append(text);
  }
  return picture;
}

// series: [{label, color, line, points: [[layer, dB, name]]}], dB of the layers in the network's order.
function progressChart(series, count, choose) {
  const width = 1100, height = 260, left = 36, bottom = 22;
  const all = series.flatMap(s => s.points.map(p => p[1]));
  const least = Math.min(0, ...all), most = Math.ceil(Math.max(10, ...all) / 10) * 10;
  const x = i => left + (i + .5) / Math.max(count, 1) * (width - left - 6);
  const y = db => 6 + (most - db) / (most - least) * (height - bottom - 6);
  const picture = svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': 'SQNR of the layers in the order of the network; the table below has the numbers'});
  for (let db = Math.ceil(least / 10) * 10; db <= most; db += 10) {
    picture.append(svg('line', {x1: left, x2: width, y1: y(db), y2: y(db), stroke: 'var(--line)'}));
    const text = svg('text', {x: left - 6, y: y(db) + 4, 'text-anchor': 'end'});
    text.textContent = db;
    picture.append(text);
  }
  const caption = svg('text', {x: left, y: height - 4});
  caption.textContent = 'dB; layers from the network\u2019s input (left) to its output (right)';
  picture.append(caption);
  for (const {color, line, points} of series) {
    if (line) picture.append(svg('polyline', {points: points.map(p => `${x(p[0])},${y(p[1])}`).join(' '), fill: 'none',
      stroke: color, 'stroke-width': 2, 'stroke-linejoin': 'round'}));
    for (const [i, db, name] of points) {
      const title = svg('title', {});
      title.textContent = `${name}: ${db.toFixed(1)} dB`;
      const dot = svg('circle', {cx: x(i), cy: y(db), r: line ? 3 : 4, fill: color, style: 'cursor:pointer'}, title);
      dot.addEventListener('click', () => choose(i));
      picture.append(dot);
    }
  }
  return picture;
}

// Lanes of the graph as `git log --graph` draws branches: one row for each layer, each value on a lane from its
// writer to its last reader.
function graphLanes(report) {
  const last = new Map();
  report.layers.forEach((layer, i) => layer.inputs.forEach(t => last.set(t, i)));
  const lanes = [];
  const free = () => { const at = lanes.indexOf(null); return at < 0 ? lanes.push(null) - 1 : at; };
  const rows = [], laneOf = new Map();
  const start = tensor => { const lane = free(); lanes[lane] = tensor; laneOf.set(tensor, lane); return lane; };
  report.tensors.forEach((tensor, t) => { if (tensor.input && last.has(t)) start(t); });
  report.layers.forEach((layer, i) => {
    const before = lanes.slice();
    const inputs = [...new Set(layer.inputs)].filter(t => laneOf.has(t)).map(t => ({tensor: t, lane: laneOf.get(t)}));
    for (const {tensor, lane} of inputs) if (last.get(tensor) === i) lanes[lane] = null;
    const ended = inputs.filter(input => last.get(input.tensor) === i).map(input => input.lane);
    const lane = ended.length ? Math.min(...ended) : free();
    if (lanes[lane] === undefined) lanes[lane] = null;
    layer.outputs.forEach((t, k) => {
      if (k === 0) { lanes[lane] = t; laneOf.set(t, lane); } else if (last.has(t)) start(t);
      if (!last.has(t)) lanes[laneOf.get(t)] = null;
    });
    rows.push({lane, inputs, before, after: lanes.slice()});
  });
  return {rows, width: Math.max(lanes.length, 1)};
}

function graphPicture(report) {
  const step = 26, pitch = 16, {rows, width} = graphLanes(report);
  const x = lane => 10 + lane * pitch;
  const colors = {s8: 'var(--int8)', s16: 'var(--int16)', f32: 'var(--fp32)'};
  const color = t => colors[report.tensors[t].type] || 'var(--integer)';
  const picture = svg('svg', {width: 20 + width * pitch, height: rows.length * step, 'aria-hidden': 'true'});
  rows.forEach((row, i) => {
    const top = i * step, middle = top + step / 2, bottom = top + step;
    const line = (path, tensor) => picture.append(svg('path', {d: path, fill: 'none', stroke: color(tensor), 'stroke-width': 2.5}));
    row.before.forEach((tensor, lane) => {
      if (tensor === null || tensor === undefined) return;
      const read = row.inputs.some(input => input.tensor === tensor);
      if (read) line(`M${x(lane)} ${top} C${x(lane)} ${middle} ${x(row.lane)} ${top + 2} ${x(row.lane)} ${middle}`, tensor);
      if (row.after[lane] === tensor) line(`M${x(lane)} ${top} V${bottom}`, tensor);
    });
    row.after.forEach((tensor, lane) => {
      if (tensor === null || tensor === undefined || row.before[lane] === tensor) return;
      line(`M${x(row.lane)} ${middle} C${x(row.lane)} ${bottom - 2} ${x(lane)} ${middle} ${x(lane)} ${bottom}`, tensor);
    });
    const layer = report.layers[i], fill = `var(--${layer.precision})`;
    picture.append(isBoundary(layer)
      ? svg('rect', {x: x(row.lane) - 5, y: middle - 5, width: 10, height: 10, fill: 'var(--back)', stroke: fill, 'stroke-width': 2.5,
        transform: `rotate(45 ${x(row.lane)} ${middle})`})
      : svg('circle', {cx: x(row.lane), cy: middle, r: 5.5, fill, stroke: 'var(--back)', 'stroke-width': 1.5}));
  });
  return {picture, indent: 28 + width * pitch, step};
}

function isBoundary(layer) { return ['Quantize', 'Dequantize', 'Requantize'].includes(layer.type); }
