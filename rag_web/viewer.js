// The text viewer. Pulls pages of about 6,000 characters and the chunks that touch them, and draws the cut behind the
// text: tints, hatches, overlap rules, numbers, and the outlines of passages, all in one SVG made from the rectangles
// of DOM ranges. Only what is near the window is drawn, so a book costs as much as a page. Runs as gr.HTML's
// js_on_load with `element`, `props`, `server`, `trigger` and `watch` given. Offsets count code points, as in Python.
const SVG = 'http://www.w3.org/2000/svg', KEEP = 4, NEAR = 900;
const sheet = element.querySelector('.rs-sheet'), body = element.querySelector('.rs-text');
const under = element.querySelector('.rs-under'), margin = element.querySelector('.rs-margin');
const map = element.querySelector('.rs-minimap'), where = element.querySelector('.rs-inview');
let shown = null, edges = [0], total = 0, pages = [], spans = [], heat = [], warmed = '', epoch = 0, jump = null, filling = false, updating = false, again = false;

const ask = (extra) => ({ index: shown.index, document: shown.document, chunk_size: shown.chunk_size,
  chunk_overlap: shown.chunk_overlap, ...extra });
const pageOf = (offset) => { let n = 0; while (n + 2 < edges.length && edges[n + 1] <= offset) n++; return n; };
const first = () => pages[0].start, last = () => pages[pages.length - 1].end;

// ---- text -------------------------------------------------------------------------------------------------------
function makePage(answer) {
  const page = { number: answer.page, start: answer.start, end: answer.end, units: null, nodes: [] };
  if (/[\uD800-\uDFFF]/.test(answer.text)) { // code points are not UTF-16 units here: keep a table
    page.units = [0];
    for (const c of answer.text) page.units.push(page.units[page.units.length - 1] + c.length);
  }
  page.element = document.createElement('span');
  page.element.className = 'rs-page';
  for (const [start, end, language, level] of answer.runs) {
    const run = document.createElement('span'), a = unit(page, start), z = unit(page, end);
    if (language) run.lang = language;
    if (level) { run.className = 'rs-heading rs-heading-' + Math.min(level, 4); }
    const node = document.createTextNode(answer.text.slice(a, z));
    run.append(node);
    page.element.append(run);
    page.nodes.push({ node, start: a, end: z });
  }
  return page;
}
const unit = (page, offset) => page.units ? page.units[offset - page.start] : offset - page.start;

function place(offset) { // offset → [text node, index in it], clamped to what is loaded
  offset = Math.max(first(), Math.min(offset, last()));
  const page = pages.find((p) => offset < p.end) || pages[pages.length - 1], at = unit(page, offset);
  const run = page.nodes.find((n) => at < n.end) || page.nodes[page.nodes.length - 1];
  return run ? [run.node, Math.min(at - run.start, run.node.length)] : [page.element, 0];
}
function rangeOf(start, end) {
  const range = document.createRange();
  range.setStart(...place(start));
  range.setEnd(...place(end));
  return range;
}
function topOf(offset) { // where a character's line begins, in the sheet's own coordinates
  const r = rangeOf(offset, offset + 1).getClientRects(), box = sheet.getBoundingClientRect();
  return r.length ? r[0].top - box.top + sheet.scrollTop : 0;
}

async function load(number, side) {
  const mine = epoch, answer = await server.read_page(ask({ page: number }));
  if (mine !== epoch) return false; // another document was opened, or another cut was made, meanwhile
  if (answer.error) { fail(answer.error); return false; }
  const page = makePage(answer);
  edges = answer.edges; total = answer.chunks;
  const known = new Set(spans.map((s) => s[0]));
  spans = [...spans, ...answer.spans.filter((s) => !known.has(s[0]))].sort((a, b) => a[0] - b[0]);
  if (side === 'before') {
    const anchor = first(), was = topOf(anchor);
    body.prepend(page.element); pages.unshift(page);
    while (pages.length > KEEP) pages.pop().element.remove();
    sheet.scrollTop += topOf(anchor) - was;
  } else {
    body.append(page.element); pages.push(page);
    if (pages.length > KEEP) {
      const anchor = pages[pages.length - 2].start, was = topOf(anchor);
      while (pages.length > KEEP) pages.shift().element.remove();
      sheet.scrollTop += topOf(anchor) - was;
    }
  }
  spans = spans.filter((s) => s[2] > first() && s[1] < last());
  return true;
}
async function restart(number) {
  epoch++;
  pages = []; spans = []; body.replaceChildren(); sheet.scrollTop = 0;
  return load(number, 'after');
}
async function fill() { // pages before and after the window, while they are needed
  if (filling || !pages.length || !sheet.clientHeight) return;
  filling = true;
  const mine = shown.id;
  try {
    for (let i = 0; i < 2 * KEEP; i++) {
      const below = sheet.scrollHeight - sheet.scrollTop - sheet.clientHeight;
      const lowest = pages[pages.length - 1].number, highest = pages[0].number;
      if (below < NEAR && lowest < edges.length - 2) { if (!await load(lowest + 1, 'after')) break; }
      else if (sheet.scrollTop < NEAR && highest > 0) { if (!await load(highest - 1, 'before')) break; }
      else break;
      if (!shown || shown.id !== mine) break;
    }
  } finally { filling = false; }
  draw();
}
function fail(sentence) {
  pages = []; spans = [];
  body.textContent = sentence;
}

// ---- drawing ----------------------------------------------------------------------------------------------------
function runs(near) { // overlapping chunks → stretches that lie in the same chunks
  const marks = [...new Set(near.flatMap((s) => [s[1], s[2]]))].sort((a, b) => a - b), result = [];
  let low = 0;
  for (let i = 0; i + 1 < marks.length; i++) {
    const start = marks[i], end = marks[i + 1];
    while (low < near.length && near[low][2] <= start) low++;
    const inside = [];
    for (let j = low; j < near.length && near[j][1] <= start; j++) if (near[j][2] > start) inside.push(near[j]);
    if (inside.length) result.push({ start, end, kind: inside.length > 1 ? 'both' : inside[0][0] % 2 ? 'a' : 'b',
      numbers: inside.filter((s) => s[1] === start).map((s) => s[0]) });
  }
  return result;
}
function boxes(start, end, box) { // one rectangle a line, in the sheet's coordinates
  const result = [];
  for (const r of rangeOf(start, end).getClientRects()) {
    if (r.width < 1) continue;
    const top = r.top - box.top + sheet.scrollTop, middle = top + r.height / 2, before = result[result.length - 1];
    const left = r.left - box.left, right = r.right - box.left;
    if (before && Math.abs(before.middle - middle) < 0.55 * r.height) {
      before.left = Math.min(before.left, left); before.right = Math.max(before.right, right);
      before.top = Math.min(before.top, top); before.bottom = Math.max(before.bottom, top + r.height);
    } else result.push({ left, right, top, bottom: top + r.height, middle });
  }
  return result;
}
function close(all) { // let the boxes of neighbouring lines meet, so that a tint is one surface
  const lines = [];
  for (const b of [...all].sort((a, z) => a.middle - z.middle)) {
    const line = lines[lines.length - 1];
    if (line && Math.abs(line.middle - b.middle) < 0.5 * (b.bottom - b.top)) {
      line.top = Math.min(line.top, b.top); line.bottom = Math.max(line.bottom, b.bottom); line.boxes.push(b);
    } else lines.push({ top: b.top, bottom: b.bottom, middle: b.middle, boxes: [b] });
  }
  lines.forEach((line, i) => {
    const next = lines[i + 1];
    if (next && next.top - line.bottom < 0.7 * (line.bottom - line.top)) {
      const edge = Math.round((line.bottom + next.top) / 2);
      line.bottom = edge; next.top = edge;
    } else { line.bottom += 3; if (next) next.top -= 3; }
  });
  if (lines.length) lines[0].top -= 3;
  for (const line of lines) for (const b of line.boxes) { b.top = Math.round(line.top); b.bottom = Math.round(line.bottom); }
}
const path = (list) => list.map((b) => `M${b.left.toFixed(1)} ${b.top}H${b.right.toFixed(1)}V${b.bottom}H${b.left.toFixed(1)}z`).join('');
function make(name, attributes, text) {
  const e = document.createElementNS(SVG, name);
  for (const key in attributes) e.setAttribute(key, attributes[key]);
  if (text !== undefined) e.textContent = text;
  return e;
}
function outline(lines, columnLeft, columnRight) { // one polygon, straight at the column's edges
  const a = lines[0], z = lines[lines.length - 1], g = 3, L = columnLeft - g, R = columnRight + g;
  const x0 = a.left - g, x1 = z.right + g;
  const q = lines.length === 1 ? [[x0, a.top], [x1, a.top], [x1, a.bottom], [x0, a.bottom]]
    : [[x0, a.top], [R, a.top], [R, z.top], [x1, z.top], [x1, z.bottom], [L, z.bottom], [L, a.bottom], [x0, a.bottom]];
  return q.map((p) => p.map(Math.round).join()).join(' ');
}
function draw() {
  if (!shown || !pages.length || !sheet.clientHeight) return;
  const box = sheet.getBoundingClientRect(), height = sheet.clientHeight;
  const [from, to] = offsetsBetween(-height / 2, 1.5 * height);
  const warm = shown.heat ? heat.filter((s) => s[1] > from && s[0] < to && s[1] > first() && s[0] < last()) : [];
  const near = shown.heat ? [] : spans.filter((s) => s[2] > from && s[1] < to), stretches = runs(near);
  const warmBoxes = warm.map((s) => boxes(s[0], s[1], box));
  for (const r of stretches) r.boxes = boxes(r.start, r.end, box);
  const hits = shown.hits.filter((h) => h[1] > from && h[0] < to && h[1] > first() && h[0] < last());
  const hitBoxes = hits.map((h) => boxes(h[0], h[1], box)), column = body.getBoundingClientRect();
  close([...stretches.flatMap((r) => r.boxes), ...warmBoxes.flat(), ...hitBoxes.flat()]);
  const of = (kind) => stretches.filter((r) => r.kind === kind).flatMap((r) => r.boxes);
  const even = path(of('b')), both = path(of('both')), fresh = [
    make('path', { class: 'rs-tint-a', d: path(of('a')) }),
    make('path', { class: 'rs-tint-b', d: even }), make('path', { class: 'rs-hatched', d: even }),
    make('path', { class: 'rs-tint-both', d: both }), make('path', { class: 'rs-hatched', d: both }),
    make('path', { class: 'rs-overlap', d: of('both').map((b) => `M${b.left} ${b.top + 1}H${b.right}M${b.left} ${b.bottom - 1}H${b.right}`).join('') })];
  for (let step = 1; step < 6; step++) {
    const list = warm.flatMap((s, i) => s[2] === step ? warmBoxes[i] : []);
    if (list.length) fresh.push(make('path', { class: 'rs-heat-' + step, d: path(list) }));
  }
  hits.forEach((h, i) => {
    if (hitBoxes[i].length && !shown.stale && !shown.heat) fresh.push(make('path', { class: h[2] === shown.picked ? 'rs-hitfill rs-now' : 'rs-hitfill', d: path(hitBoxes[i]) }));
  });
  const labels = [], ranks = [];
  for (const r of stretches) if (r.numbers.length && r.boxes.length) {
    const b = r.boxes[0];
    fresh.push(make('path', { class: 'rs-bar', d: `M${b.left} ${b.top}V${b.bottom}` }));
    labels.push(make('text', { x: b.left - 4, y: b.top + 9 }, r.numbers.join(' ')));
  }
  hits.forEach((h, i) => {
    if (!hitBoxes[i].length) return;
    const now = h[2] === shown.picked;
    fresh.push(make('polygon', { class: (now ? 'rs-now' : '') + (shown.stale ? ' rs-stale' : ''), points: outline(hitBoxes[i], column.left - box.left, column.right - box.left) }));
    ranks.push({ rank: h[2], top: hitBoxes[i][0].top, now });
  });
  under.style.height = body.offsetTop + body.offsetHeight + 'px';
  under.replaceChildren(under.querySelector('defs'), ...fresh, ...labels);
  margin.replaceChildren(...ranks.map(rankButton));
  drawView();
  element.dataset.chunks = total; element.dataset.size = shown.chunk_size; element.dataset.overlap = shown.chunk_overlap;
  element.dataset.view = shown.heat ? 'heat' : 'cut'; element.dataset.heat = warm.length; element.dataset.document = shown.document; element.dataset.runs = stretches.length;
}
function rankButton({ rank, top, now }) {
  const b = document.createElement('button');
  b.type = 'button'; b.className = now ? 'rs-rank rs-now' : 'rs-rank'; b.textContent = rank; b.style.top = top + 'px';
  b.setAttribute('aria-label', 'passage ' + rank);
  b.onclick = () => trigger('pick', { rank });
  return b;
}
function offsetsBetween(low, high) { // offsets in a band of the window, told from each page's own height
  const box = sheet.getBoundingClientRect(), at = (y, fallback) => {
    for (const p of pages) {
      const r = p.element.getBoundingClientRect(), top = r.top - box.top, bottom = r.bottom - box.top;
      if (y < top) return fallback === 'low' ? p.start : p.start;
      if (y <= bottom) {
        const share = (y - top) / Math.max(1, bottom - top), slack = fallback === 'low' ? -0.06 : 0.06;
        return Math.round(p.start + Math.max(0, Math.min(1, share + (fallback ? slack : 0))) * (p.end - p.start));
      }
    }
    return last();
  };
  return [at(low, 'low'), at(high, 'high')];
}

// ---- the whole document at the right ----------------------------------------------------------------------------
async function drawMap() {
  const mine = shown.id, answer = await server.read_outline(ask({}));
  if (answer.error || !shown || shown.id !== mine) return;
  map.rows = answer.rows; map.characters = Math.max(1, answer.characters);
  paintMap();
}
function paintMap() {
  const rows = map.rows || [];
  const svg = make('svg', { viewBox: `0 0 100 ${Math.max(rows.length, 40)}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  rows.forEach(([start, end, share], i) => {
    if (!share) return;
    const hit = shown.hits.find((h) => h[1] > start && h[0] < end);
    svg.append(make('rect', { class: hit ? (hit[2] === shown.picked ? 'rs-mm2' : 'rs-mm1') : 'rs-mm0', x: 0, y: i + 0.1, width: 100 * Math.max(0.08, share), height: 0.74 }));
  });
  map.querySelector('svg')?.remove();
  map.prepend(svg);
  map.querySelectorAll('.rs-tick').forEach((t) => t.remove());
  const used = [];
  for (const h of [...shown.hits].sort((a, b) => a[0] - b[0])) {
    const t = document.createElement('button');
    t.type = 'button'; t.className = 'rs-tick'; t.textContent = h[2]; t.setAttribute('aria-label', 'go to passage ' + h[2]);
    let top = fraction(h[0]);
    while (used.some((u) => Math.abs(u - top) < 0.032)) top += 0.032;
    used.push(top);
    t.style.top = 100 * top + '%';
    t.onclick = (e) => { e.stopPropagation(); trigger('pick', { rank: h[2] }); };
    map.append(t);
  }
  drawView();
}
function fraction(offset) { // how far down the map a character stands; rows are lines, not characters
  const rows = map.rows || [], drawn = Math.max(rows.length, 40);
  let i = rows.findIndex((r) => r[1] > offset);
  if (i < 0) i = rows.length;
  return Math.min(0.985, i / drawn);
}
function drawView() {
  if (!pages.length) return;
  const [from, to] = offsetsBetween(0, sheet.clientHeight - 1), view = map.querySelector('.rs-view');
  view.style.top = 100 * fraction(from) + '%';
  view.style.height = 100 * Math.max(0.02, fraction(to) - fraction(from)) + '%';
  const seen = spans.filter((s) => s[2] > from && s[1] < to);
  where.textContent = !seen.length ? '' : seen.length === 1 ? `chunk ${seen[0][0]} of ${total}`
    : `chunks ${seen[0][0]} to ${seen[seen.length - 1][0]} of ${total}`;
}
map.addEventListener('click', (e) => {
  const rows = map.rows || [], box = map.getBoundingClientRect();
  const row = rows[Math.min(rows.length - 1, Math.floor((e.clientY - box.top) / box.height * Math.max(rows.length, 40)))];
  if (row) go(row[0], 0.4);
});

// ---- events -----------------------------------------------------------------------------------------------------
async function go(offset, share) {
  if (!sheet.clientHeight) { jump = [offset, share]; return; }
  jump = null;
  const number = pageOf(offset);
  if (!pages.some((p) => p.number === number) && !await restart(number)) return;
  await fill();
  sheet.scrollTop = topOf(offset) - share * sheet.clientHeight;
  draw();
  fill();
}
function empty() {
  epoch++;
  shown = null; pages = []; spans = []; body.replaceChildren(); margin.replaceChildren(); where.textContent = '';
  under.replaceChildren(under.querySelector('defs')); map.querySelector('svg')?.remove();
  map.querySelectorAll('.rs-tick').forEach((t) => t.remove());
}
async function apply(value) {
  if (!value || !value.document) { empty(); return; }
  const before = shown, other = !before || before.id !== value.id || before.index !== value.index;
  const recut = !other && (before.chunk_size !== value.chunk_size || before.chunk_overlap !== value.chunk_overlap);
  shown = value;
  if (other || !pages.length) {
    sheet.setAttribute('aria-label', 'Text of ' + value.document + '. Shift and arrows select.');
    if (!await restart(0)) return;
    drawMap();
  } else if (recut) {
    epoch++;
    const mine = epoch, answer = await server.read_spans(ask({ start: first(), end: last() }));
    if (answer.error || mine !== epoch) return;
    spans = answer.spans; total = answer.chunks;
  }
  await warmUp();
  if (value.at >= 0 && (!before || before.jump !== value.jump)) await go(value.at, 0.25);
  else { draw(); fill(); }
  if (!other) paintMap();
}
async function warmUp() { // the field over this document, when a question or the weight is new
  const key = shown.heat && [shown.index, shown.id, shown.heat, shown.weight].join('\n');
  if (key === warmed) return;
  warmed = key;
  const answer = key ? await server.read_heat(ask({ heat: shown.heat, weight: shown.weight })) : {};
  heat = answer.heat || [];
}
async function update() { // one at a time; of those that come meanwhile, the newest
  if (updating) { again = true; return; }
  updating = true;
  try {
    do { again = false; await apply(props.value); } while (again);
  } finally { updating = false; }
}
let frame = 0;
const soon = () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(() => { draw(); fill(); }); };
sheet.addEventListener('scroll', soon, { passive: true });
new ResizeObserver(() => { if (jump) go(...jump); else soon(); }).observe(sheet);
document.fonts?.ready.then(soon);
body.addEventListener('click', (e) => { // a click into a passage selects it
  if (!getSelection().isCollapsed) return;
  const box = sheet.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top + sheet.scrollTop;
  const hit = shown && shown.hits.find((h) => boxes(h[0], h[1], box).some((b) => x >= b.left && x <= b.right && y >= b.top && y <= b.bottom));
  if (hit) trigger('pick', { rank: hit[2] });
});

// ---- "Why was this not found?" for selected text ----------------------------------------------------------------
const whyButton = sheet.querySelector('.rs-ask-why');
let chosen = null;
const offsetOf = (page, at) => page.start + (page.units ? page.units.findIndex((u) => u >= at) : at); // undoes `unit`
function selected() { // offsets of the selection's ends; null when nothing of the text is selected
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount || !selection.getRangeAt(0).intersectsNode(body)) return null;
  const range = selection.getRangeAt(0);
  let start = null, end = null;
  for (const page of pages) for (const { node, start: begin } of page.nodes) {
    if (!range.intersectsNode(node)) continue;
    const a = node === range.startContainer ? range.startOffset : 0, z = node === range.endContainer ? range.endOffset : node.length;
    if (a >= z) continue;
    start ??= offsetOf(page, begin + a);
    end = offsetOf(page, begin + z);
  }
  return start === null ? null : { start, end };
}
function offer() {
  const span = shown && shown.asked ? selected() : null;
  if (!span && document.activeElement === whyButton) return; // by key, some browsers drop the selection on the way
  chosen = span && { document: shown.document, ...span };
  whyButton.hidden = !chosen;
  if (!chosen) return;
  const box = sheet.getBoundingClientRect(), lines = boxes(chosen.start, chosen.end, box), line = lines[lines.length - 1];
  if (!line) return;
  const lowest = sheet.scrollTop + sheet.clientHeight - whyButton.offsetHeight - 6;
  whyButton.style.top = Math.min(line.bottom + 6, lowest) + 'px';
  whyButton.style.left = Math.max(8, Math.min(line.right - whyButton.offsetWidth, sheet.clientWidth - whyButton.offsetWidth - 8)) + 'px';
}
let offering = 0;
document.addEventListener('selectionchange', () => { cancelAnimationFrame(offering); offering = requestAnimationFrame(offer); });
whyButton.addEventListener('pointerdown', (e) => e.preventDefault()); // or the selection would be gone
whyButton.addEventListener('click', () => {
  if (chosen) trigger('why', chosen);
  chosen = null;
  whyButton.hidden = true;
});
whyButton.addEventListener('blur', () => requestAnimationFrame(offer));
sheet.addEventListener('keydown', (e) => { // Shift and arrows select, from the window's first character on
  const way = { ArrowDown: ['forward', 'line'], ArrowUp: ['backward', 'line'], ArrowRight: ['forward', 'word'], ArrowLeft: ['backward', 'word'] }[e.key];
  if (!way || !e.shiftKey || !pages.length) return;
  e.preventDefault();
  const selection = getSelection();
  if (!body.contains(selection.anchorNode)) selection.collapse(...place(firstSeen()));
  selection.modify('extend', ...way);
});
function firstSeen() { // the first character of the topmost line that is wholly in the window
  let [low, high] = [first(), last()];
  while (low < high) { const middle = (low + high) >> 1; if (topOf(middle) < sheet.scrollTop) low = middle + 1; else high = middle; }
  return low;
}
watch('value', update);
update();
