// SPDX-License-Identifier: Apache-2.0
//
// Builds the page from the report's JSON: one conversion, or two side by side (the second is what the first is
// compared with).
'use strict';

const reports = JSON.parse(document.getElementById('data').textContent);
const [report, other] = reports;
const EXACT = 999;  // SQNR of equal values

const dB = value => value === null || value === undefined ? '\u2013' : value >= EXACT ? 'exact' : value.toFixed(1);
const percent = share => share === undefined ? '\u2013' : share === 0 ? '0' : share < 5e-5 ? '<0.01 %' : (100 * share).toFixed(2) + ' %';
const bytes = n => n >= 1e6 ? (n / 1e6).toFixed(2) + ' MB' : n >= 1e3 ? (n / 1e3).toFixed(1) + ' KB' : n + ' B';
const count = n => n >= 1e9 ? (n / 1e9).toFixed(2) + ' G' : n >= 1e6 ? (n / 1e6).toFixed(2) + ' M' : n >= 1e3 ? (n / 1e3).toFixed(1) + ' k' : String(n);
const time = ms => ms === null || ms === undefined ? '\u2013' : ms >= 1 ? ms.toFixed(2) + ' ms' : (1000 * ms).toFixed(1) + ' \u00B5s';

// The end of a long name tells more than its beginning.
const tail = name => name.length > 30 ? '\u2026' + name.slice(-29) : name;

// By how much the accumulated SQNR falls from the worst of a layer's inputs to its output.
function fallOf(r, layer, accumulated) {
  const inputs = layer.inputs.map(t => r.tensors[t].error).filter(error => error).map(error => error.sqnr_db);
  if (!inputs.length || accumulated === null || accumulated === undefined) return null;
  const worst = Math.min(...inputs);
  return worst >= EXACT || accumulated >= EXACT ? null : worst - accumulated;
}

// A layer with what its first output says.
function rowsOf(r) {
  return r.layers.map(layer => {
    const tensor = layer.outputs.length ? r.tensors[layer.outputs[0]] : null;
    return {layer, tensor, report: r,
      own: layer.own_error && layer.own_error.sqnr_db,
      accumulated: tensor && tensor.error && tensor.error.sqnr_db,
      fall: fallOf(r, layer, tensor && tensor.error && tensor.error.sqnr_db),
      cosine: tensor && tensor.error && tensor.error.cosine,
      clipped: tensor && tensor.seen && tensor.scale ? tensor.seen.clipped : undefined};
  });
}

const rows = rowsOf(report);
const otherRows = other ? rowsOf(other) : [];
const otherByTensor = new Map(otherRows.filter(row => row.tensor).map(row => [row.tensor.name, row]));
for (const row of rows) row.other = row.tensor ? otherByTensor.get(row.tensor.name) : undefined;

// --- summary ---

function summaryOf(r) {
  const m = r.measured, s = r.speed;
  const worst = m && m.outputs.reduce((a, b) => a.sqnr_db <= b.sqnr_db ? a : b, m.outputs[0]);
  const facts = [
    ['Output SQNR', worst ? dB(worst.sqnr_db) + (worst.sqnr_db < EXACT ? ' dB' : '') : 'not measured',
      worst ? `INT8 against float, ${m.samples} samples; cosine ${worst.cosine.toFixed(5)}` + (m.outputs.length > 1 ? `; the worst output, ${worst.name}` : '')
        : 'needs calibration samples'],
    ['Same top-1 as float', m && m.same_top1 !== null ? `${m.same_top1} of ${m.samples}` : '\u2013', 'samples'],
    ['Size', bytes(r.model_bytes), `ONNX ${bytes(r.source_bytes)}; ${(r.source_bytes / r.model_bytes).toFixed(2)} times smaller`],
    ['Memory of activations', bytes(r.arena_bytes), `and ${bytes(r.weights_bytes)} of weights`],
    ['Multiplications', count(r.macs), 'multiply-accumulates'],
    ['Speed', s ? time(s.ms) : 'not measured',
      s ? `the fastest of ${s.runs} runs on this machine: ${s.cpu}, ${s.threads} thread${s.threads > 1 ? 's' : ''}, ${s.cpu_features}` : ''],
    ['Operators', `${r.operators.int8} INT8`, `${r.operators.int16} INT16, ${r.operators.fp32} in float`],
    ['Accumulator headroom', r.headroom_bits.toFixed(1) + ' bits', 'left in s32 by the tightest layer, by proof'],
  ];
  return facts;
}

function showSummary() {
  document.getElementById('subtitle').textContent = reports.map(r => `${r.source} \u2192 ${r.output}`).join('   compared with   ');
  const section = document.getElementById('summary');
  if (!other) {
    section.append(el('div', {class: 'cards'}, ...summaryOf(report).map(([label, value, more]) =>
      el('div', {class: 'card'}, el('div', {class: 'label'}, label), el('div', {class: 'value'}, value), el('div', {class: 'more'}, more)))));
    return;
  }
  const [a, b] = [summaryOf(report), summaryOf(other)];
  section.append(el('h2', {}, 'Two conversions'), el('div', {class: 'scroll'}, el('table', {id: 'sides'},
    el('thead', {}, el('tr', {}, el('th', {class: 'text'}, ''), el('th', {class: 'text', scope: 'col'}, 'A: ' + report.output), el('th', {class: 'text', scope: 'col'}, 'B: ' + other.output))),
    el('tbody', {}, ...a.map(([label, value, more], i) => el('tr', {}, el('th', {class: 'text', scope: 'row'}, label),
      el('td', {class: 'text'}, value, el('div', {class: 'type'}, more)), el('td', {class: 'text'}, b[i][1], el('div', {class: 'type'}, b[i][2])))),
    el('tr', {}, el('th', {class: 'text', scope: 'row'}, 'Options'), ...reports.map(r => el('td', {class: 'text'}, el('code', {}, r.options))))))));
}

// --- the layers ---

function sqnrCell(value) {
  const cell = [dB(value)];
  if (value !== null && value !== undefined && value < EXACT) {
    const bar = el('i', {class: value < 10 ? 'low' : value < 20 ? 'middle' : ''});
    bar.style.width = Math.max(0, Math.min(100, 2 * value)) + '%';
    cell.push(el('span', {class: 'bar wide', 'aria-hidden': 'true'}, bar));
  }
  return cell;
}

const badge = layer => el('span', {class: `badge ${layer.precision}`}, layer.precision);
const difference = (a, b) => a === null || a === undefined || b === null || b === undefined || a >= EXACT || b >= EXACT ? null : a - b;
const signed = value => value === null ? '\u2013' : (value > 0 ? '+' : '') + value.toFixed(1);

// key: what the column sorts by. low: where the worst is at the low end.
const columns = other ? [
  {title: '#', key: r => r.layer.index, cell: r => [String(r.layer.index)], low: true, wide: true},
  {title: 'Layer', key: r => r.layer.name, name: true, low: true},
  {title: 'A', key: r => r.layer.precision, cell: r => [badge(r.layer)], low: true, help: 'Precision of A'},
  {title: 'B', key: r => r.other && r.other.layer.precision, cell: r => [r.other ? badge(r.other.layer) : '\u2013'], low: true, help: 'Precision of B'},
  {title: 'Own A', key: r => r.own, cell: r => sqnrCell(r.own), low: true, wide: true, help: 'Own SQNR of A, dB'},
  {title: 'Own B', key: r => r.other && r.other.own, cell: r => sqnrCell(r.other && r.other.own), low: true, wide: true, help: 'Own SQNR of B, dB'},
  {title: 'Acc. A', key: r => r.accumulated, cell: r => sqnrCell(r.accumulated), low: true, help: 'Accumulated SQNR of A, dB'},
  {title: 'Acc. B', key: r => r.other && r.other.accumulated, cell: r => sqnrCell(r.other && r.other.accumulated), low: true, help: 'Accumulated SQNR of B, dB'},
  {title: 'A \u2212 B', key: r => difference(r.accumulated, r.other && r.other.accumulated), low: true, first: true, help: 'Difference of the accumulated SQNR, dB',
    cell: r => { const d = difference(r.accumulated, r.other && r.other.accumulated);
      return [el('span', {class: d === null ? '' : d < -.5 ? 'bad' : d > .5 ? 'good' : ''}, signed(d))]; }},
  {title: 'Time A', key: r => r.layer.ms, cell: r => [time(r.layer.ms)], wide: true},
  {title: 'Time B', key: r => r.other && r.other.layer.ms, cell: r => [time(r.other && r.other.layer.ms)], wide: true},
] : [
  {title: '#', key: r => r.layer.index, cell: r => [String(r.layer.index)], low: true, wide: true, help: 'Order of execution'},
  {title: 'Layer', key: r => r.layer.name, name: true, low: true},
  {title: 'Precision', key: r => r.layer.precision, cell: r => [badge(r.layer)], low: true},
  {title: 'Values', cell: r => r.tensor && r.tensor.histogram ? [histogram(r.tensor, 90, 24, true)] : [], wide: true, help: 'Float\u2019s values and the chosen range'},
  {title: 'Own SQNR', key: r => r.own, cell: r => sqnrCell(r.own), low: true, first: true, help: 'dB: this layer\u2019s own quantization'},
  {title: 'Accumulated', key: r => r.accumulated, cell: r => sqnrCell(r.accumulated), low: true, help: 'dB: all layers up to here, against float'},
  {title: 'Fall', key: r => r.fall, cell: r => [r.fall === null ? '\u2013' : r.fall.toFixed(1)], wide: true,
    help: 'dB by which the accumulated SQNR falls from the worst input to the output'},
  {title: 'Cosine', key: r => r.cosine, cell: r => [r.cosine === null || r.cosine === undefined ? '\u2013' : r.cosine.toFixed(5)], low: true, wide: true, help: 'of the accumulated output'},
  {title: 'Clipped', key: r => r.clipped, cell: r => [percent(r.clipped)], help: 'Share of float\u2019s values outside of the range'},
  {title: 'Headroom', key: r => r.layer.headroom_bits, cell: r => [r.layer.headroom_bits === null ? '\u2013' : r.layer.headroom_bits.toFixed(1)], low: true, wide: true, help: 'Bits left in the s32 accumulator, by proof'},
  {title: 'Spread', key: r => r.layer.weight_scale_spread, cell: r => [r.layer.weight_scale_spread === null ? '\u2013' : '\u00D7' + short(r.layer.weight_scale_spread)], wide: true, help: 'Largest weight scale of an output channel over the least'},
  {title: 'MACs', key: r => r.layer.macs, cell: r => [r.layer.macs ? count(r.layer.macs) : '\u2013'], wide: true},
  {title: 'Time', key: r => r.layer.ms, cell: r => [time(r.layer.ms)], wide: true, help: 'Measured on the machine that converted'},
];

const state = {column: columns.findIndex(c => c.first), descending: false, filter: '', open: new Set()};

function sorted() {
  const {key} = columns[state.column];
  const value = row => { const v = key(row); return v === undefined ? null : v; };
  const shown = rows.filter(row => `${row.layer.name} ${row.layer.type} ${row.layer.precision}`.toLowerCase().includes(state.filter));
  const sign = state.descending ? -1 : 1;
  return shown.sort((a, b) => {
    const x = value(a), y = value(b);
    if (x === null || y === null) return (x === null) - (y === null) || a.layer.index - b.layer.index;  // unknown: last
    return (typeof x === 'string' ? x.localeCompare(y) : x - y) * sign || a.layer.index - b.layer.index;
  });
}

function facts(row) {
  const {layer, tensor} = row, list = [];
  const add = (term, text) => { if (text !== null && text !== undefined && text !== '') list.push(el('dt', {}, term), el('dd', {}, text)); };
  add('Why', layer.reason);
  add('Output', tensor && `${tensor.name} [${tensor.shape.join(', ')}] ${tensor.type}`);
  if (tensor && tensor.scale) {
    add('Range', `${short(tensor.range[0])} to ${short(tensor.range[1])}: scale ${tensor.scale.toPrecision(5)}, zero point ${tensor.zero_point}`);
  }
  if (tensor && tensor.seen) {
    add('Float\u2019s values', `${short(tensor.seen.min)} to ${short(tensor.seen.max)}, zeros ${percent(tensor.seen.zeros)}`);
    if (tensor.scale) add('Clipped', percent(tensor.seen.clipped));
  }
  if (row.own !== null && row.own !== undefined) add('Own error', `${dB(row.own)} dB, cosine ${layer.own_error.cosine.toFixed(6)}`);
  if (row.accumulated !== null && row.accumulated !== undefined) add('Accumulated error', `${dB(row.accumulated)} dB, cosine ${row.cosine.toFixed(6)}`);
  if (layer.headroom_bits !== null) add('Accumulator', `${layer.headroom_bits.toFixed(2)} bits of headroom`);
  if (layer.weight_scale_spread !== null) add('Weight scales', `\u00D7${short(layer.weight_scale_spread)} from the least to the largest`);
  if (layer.macs) add('Work', `${count(layer.macs)} MACs` + (layer.weights_bytes ? `, ${bytes(layer.weights_bytes)} of weights and bias` : ''));
  add('Time', layer.ms === null ? null : time(layer.ms) + (layer.macs ? `, ${(layer.macs / layer.ms / 1e6).toFixed(1)} GMAC/s` : ''));
  add('Kernel', layer.kernel);
  add('Inputs', layer.inputs.map(t => row.report.tensors[t].name).join(', '));
  return el('dl', {}, ...list);
}

function picture(row) {
  if (!row.tensor || !row.tensor.histogram) return el('p', {class: 'quiet'}, 'No histogram: the report was made without one, or the values are not real numbers.');
  return el('div', {}, histogram(row.tensor, 640, 170, false),
    el('p', {class: 'type'}, 'Float\u2019s values on the samples, zeros left out; counts on a logarithmic scale. Shaded: what the range holds. Red: clipped.'));
}

function detail(row) {
  const cell = el('td', {colspan: columns.length});
  const sides = row.other ? [['A', row], ['B', row.other]] : [['', row]];
  for (const [label, side] of sides)
    cell.append(el('div', {}, label ? el('strong', {}, label) : null, el('div', {class: 'detail-grid'}, picture(side), facts(side))));
  return el('tr', {class: 'detail', id: `detail-${row.layer.index}`}, cell);
}

function showRows() {
  const body = document.getElementById('rows');
  body.replaceChildren(...sorted().flatMap(row => {
    const open = state.open.has(row.layer.index);
    const cells = columns.map(column => {
      const attributes = {class: [column.name ? 'text name' : '', column.wide ? 'wide' : ''].join(' ')};
      if (!column.name) return el('td', attributes, ...column.cell(row));
      return el('td', attributes, el('button', {'aria-expanded': open, 'aria-controls': `detail-${row.layer.index}`, title: row.layer.name,
        onclick: () => toggle(row.layer.index)}, (open ? '\u25BE ' : '\u25B8 ') + tail(row.layer.name || '(no name)')), el('div', {class: 'type'}, row.layer.type));
    });
    const line = el('tr', {class: open ? 'open' : '', id: `layer-${row.layer.index}`}, ...cells);
    return open ? [line, detail(row)] : [line];
  }));
}

function showHead() {
  document.getElementById('head').replaceChildren(...columns.map((column, i) => {
    const chosen = i === state.column;
    const attributes = {scope: 'col', class: [column.name ? 'text' : '', column.wide ? 'wide' : ''].join(' '), title: column.help,
      'aria-sort': chosen ? (state.descending ? 'descending' : 'ascending') : null};
    if (!column.key) return el('th', attributes, column.title);
    return el('th', attributes, el('button', {onclick: () => {
      state.descending = chosen ? !state.descending : !column.low;
      state.column = i;
      showHead();
      showRows();
    }}, column.title));
  }));
}

function toggle(index) {
  if (!state.open.delete(index)) state.open.add(index);
  showRows();
  const button = document.querySelector(`#layer-${index} button`);
  if (button) button.focus({preventScroll: true});
}

function choose(index) {
  state.filter = document.getElementById('filter').value = '';
  if (!rows[index]) return;
  state.open.add(index);
  showRows();
  document.getElementById(`layer-${index}`).scrollIntoView({block: 'center'});
}

function showLayers() {
  document.getElementById('layers').append(
    el('h2', {}, other ? 'Layers' : 'Layers, the worst first'),
    el('p', {class: 'quiet'}, 'Own: what the layer\u2019s own weights and rounding cost, given the inputs that it gets here. Accumulated: all layers up to here, against float; where it falls though the own one is high, the layer magnifies what its inputs bring. '
      + 'In dB of signal over error (SQNR): 6 dB more is half of the error. Press a column to sort by it, a layer to see its values.'),
    el('div', {class: 'controls'}, el('label', {}, 'Find ', el('input', {type: 'search', id: 'filter', oninput: event => {
      state.filter = event.target.value.toLowerCase();
      showRows();
    }}))),
    el('div', {class: 'scroll'}, el('table', {}, el('thead', {}, el('tr', {id: 'head'})), el('tbody', {id: 'rows'}))));
  showHead();
  showRows();
}

// --- the pictures, and what is in float ---

function showProgress() {
  const points = (list, key) => list.filter(row => row[key] !== null && row[key] !== undefined && row[key] < EXACT)
    .map(row => [row.layer.index, row[key], row.layer.name]);
  const series = other
    ? [{label: 'A, accumulated', color: 'var(--int8)', line: true, points: points(rows, 'accumulated')},
      {label: 'B, accumulated', color: 'var(--fp32)', line: true,
        points: rows.filter(r => r.other).map(r => [r.layer.index, r.other.accumulated, r.layer.name]).filter(p => p[1] !== null && p[1] < EXACT)}]
    : [{label: 'accumulated', color: 'var(--int8)', line: true, points: points(rows, 'accumulated')},
      {label: 'own', color: 'var(--fp32)', line: false, points: points(rows, 'own')}];
  if (!series.some(s => s.points.length)) return;
  document.getElementById('progress').append(el('h2', {}, 'Error through the network'),
    el('div', {class: 'legend'}, ...series.map(s => el('span', {style: `--key: ${s.color}`}, s.label))),
    el('div', {class: 'scroll chart'}, progressChart(series, rows.length, choose)));
}

const MOST_SENSITIVE = 10;

function showBudget() {
  reports.forEach((r, i) => {
    if (!r.budget) return;
    document.getElementById('budget').append(el('h2', {}, (other ? 'AB'[i] + ': ' : '') + 'The budget: ' + r.budget.asked),
      ...r.budget.lines.map(line => el('p', {}, line)));
    const most = r.budget.sensitivity.slice(0, MOST_SENSITIVE);
    if (!most.length) return;
    document.getElementById('budget').append(el('div', {class: 'scroll'}, el('table', {},
      el('caption', {}, 'What costs most in 8 bits while all else is in float'),
      el('thead', {}, el('tr', {}, ...['Activation, or weights of', 'Output SQNR, dB', 'Share of all error', 'Promoted to'].map((title, k) =>
        el('th', {scope: 'col', class: k % 3 ? '' : 'text'}, title)))),
      el('tbody', {}, ...most.map(item => el('tr', {}, el('td', {class: 'text'}, (item.weights ? 'weights of ' : '') + item.name),
        el('td', {}, dB(item.sqnr_db)), el('td', {}, percent(item.share)), el('td', {class: 'text'}, item.promotion || '\u2013')))))));
  });
}

function showGraph() {
  const {picture, indent} = graphPicture(report);
  const kept = rows.filter(row => row.layer.precision === 'fp32' || row.layer.precision === 'int16');
  const list = el('ol', {}, ...report.layers.map(layer => el('li', {style: `padding-left:${indent}px`},
    el('span', {class: layer.precision}, layer.type), ' ', el('span', {title: layer.name}, layer.name),
    layer.reason ? el('span', {class: 'quiet'}, ' \u2014 ' + layer.reason) : null)));
  document.getElementById('graph').append(
    el('h2', {}, other ? 'The graph of A' : 'The graph'),
    el('div', {class: 'legend'}, ...[['int8', 'INT8'], ['int16', 'INT16'], ['fp32', 'float']].map(([name, label]) =>
      el('span', {style: `--key: var(--${name})`}, label)), '\u25C7 border: Quantize, Dequantize, Requantize'),
    el('p', {class: 'quiet'}, kept.length ? `${kept.length} of ${rows.length} operators are not in INT8; the reason stands behind each.` : 'Every operator is in INT8.'),
    el('div', {class: 'graph'}, picture, list));
}

function showNotes() {
  const warnings = document.getElementById('warnings');
  reports.forEach((r, i) => r.warnings.forEach(text =>
    warnings.append(el('p', {class: 'warning'}, (other ? 'AB'[i] + ': ' : '') + text))));
  document.getElementById('notes').append(...reports.filter(r => r.notes.length).map((r, i) =>
    el('details', {}, el('summary', {}, (other ? 'AB'[i] + ': ' : '') + `What the converter noted (${r.notes.length})`), el('ul', {}, ...r.notes.map(text => el('li', {}, text))))),
  el('details', {}, el('summary', {}, 'How this was made'), el('p', {}, el('code', {}, report.options || '(no options recorded)')),
    el('p', {class: 'quiet'}, `Octet ${report.octet_version}, ${report.calibration_samples} calibration samples. This page loads nothing from a network; `
      + 'its numbers are JSON inside it.')));
}

showSummary();
showNotes();
showBudget();
showProgress();
showLayers();
showGraph();
if (/^#layer-\d+$/.test(location.hash)) choose(Number(location.hash.slice(7)));  // a link to a layer
document.body.dataset.ready = 'yes';
