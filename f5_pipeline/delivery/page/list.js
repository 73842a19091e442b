// Filter and order of the lines; only lines near the window exist as elements.

const byPlace = (a, b) => a.place - b.place;
const ORDERS = {
  "Suspects first": (a, b) => SEVERITY.indexOf(a.status) - SEVERITY.indexOf(b.status) || byPlace(a, b),
  "Manifest order": byPlace,
  "Longest first": (a, b) => (b.seconds || 0) - (a.seconds || 0) || byPlace(a, b),
  "Shortest first": (a, b) => (a.seconds || Infinity) - (b.seconds || Infinity) || byPlace(a, b),
  "Most attempts first": (a, b) => (b.attempts || 0) - (a.attempts || 0) || byPlace(a, b),
};
function addOrders(name, value) {
  const sortKey = (row, sign) => (Number.isFinite(value(row)) ? sign * value(row) : -Infinity);
  const order = (sign) => (a, b) => { const [x, y] = [sortKey(a, sign), sortKey(b, sign)]; return x === y ? byPlace(a, b) : y - x; };
  ORDERS[`${name}, highest`] = order(1);
  ORDERS[`${name}, lowest`] = order(-1);
}
for (const measure of page.measures) {
  const value = (row) => (typeof row.measures[measure.name] === "number" ? row.measures[measure.name] : NaN);
  if (rows.some((row) => Number.isFinite(value(row)))) addOrders(measure.label, value);
}
for (const column of page.columns) {
  const values = rows.map((row) => row.columns[column]).filter(Boolean);
  if (values.length && values.every((text) => Number.isFinite(Number(text)))) {
    addOrders(column, (row) => (row.columns[column] ? Number(row.columns[column]) : NaN));
  }
}

const haystack = rows.map((row) =>
  [row.id, row.text, row.spoken, row.reason, row.voice, ...Object.values(row.columns).filter(Boolean)].join("\n").toLowerCase());

function matches(row, words) {
  return (!state.status || row.status === state.status) && (!$("voice").value || row.voice === $("voice").value)
    && (!$("section").value || row.section === $("section").value)
    && (!$("decided").value || DECIDED[$("decided").value](row))
    && words.every((word) => haystack[row.place].includes(word));
}

function refresh() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  state.view = rows.filter((row) => matches(row, words)).sort(ORDERS[$("sort").value] || byPlace);
  state.view.forEach((row, at) => { row.at = at; });
  const unfiltered = state.view.length === rows.length;
  $("shown").textContent = (unfiltered ? plural(rows.length, "line", "lines") : `${state.view.length.toLocaleString("en")} of ${plural(rows.length, "line", "lines")}`)
    + `, ${clock(total(state.view), 0)} of audio`;
  $("nothing").hidden = state.view.length > 0;
  $("list").hidden = state.view.length === 0;
  for (const button of $("statuses").children) button.setAttribute("aria-pressed", String(button.dataset.status === state.status));
  paintList(true);
}

function choose(status) {
  state.status = state.status === status ? "" : status;
  refresh();
}

function showAll() {
  state.status = $("search").value = $("voice").value = $("section").value = "";
  $("decided").value = "";
  refresh();
}

// --- the list: only the rows near the window exist -------------------------------------------------------------------

const nodes = new Map(); // row → its element
const MARGIN = 8; // rows above and below the window
let rowHeight = 64;

function paintList(all = false) {
  const list = $("list");
  list.style.height = `${state.view.length * rowHeight + 2}px`;
  const top = list.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor(-top / rowHeight) - MARGIN);
  const last = Math.min(state.view.length, Math.ceil((innerHeight - top) / rowHeight) + MARGIN);
  const near = new Set(state.view.slice(first, last));
  for (const [row, node] of nodes) {
    if (near.has(row)) continue;
    node.remove();
    nodes.delete(row);
  }
  let previous = null;
  for (const row of near) {
    const node = nodes.get(row) || makeRow(row);
    if (!nodes.has(row) || all) placeRow(node, row);
    nodes.set(row, node);
    // In reading order, for screen readers and the tab key.
    if (node.previousElementSibling !== previous || node.parentNode !== list) previous ? previous.after(node) : list.prepend(node);
    previous = node;
  }
}

function placeRow(node, row) {
  node.style.transform = `translateY(${row.at * rowHeight}px)`;
  node.setAttribute("aria-posinset", row.at + 1);
  node.setAttribute("aria-setsize", state.view.length);
}

function makeRow(row) {
  const button = (name) => element("button", { type: "button", className: `icon ${name}` });
  const parts = {
    play: button("play"), wave: element("div", { className: "wave" }), text: element("div", { className: "text", dir: "auto" }),
    meta: element("div", { className: "meta" }), accept: button("accept"), again: button("again"),
  };
  parts.play.disabled = !playable(row);
  if (row.status !== "ok") parts.meta.append(badge(row));
  const takes = row.takes.length ? plural(row.takes.length + 1, "take", "takes") : "";
  parts.meta.append([row.id, row.voice, row.section, takes, row.status === "ok" ? "" : row.reason].filter(Boolean).join(" · "));
  const length = element("div", { className: "length", textContent: playable(row) ? clock(row.seconds) : "–" });
  const rate = row.measures[page.rowMeasure.name];
  if (rate != null) length.append(element("small", { textContent: formatMeasure(page.rowMeasure, rate), title: page.rowMeasure.help }));
  const node = element("div", { className: `row ${row.status}` }, parts.play, parts.wave,
    element("div", { className: "words" }, parts.text, parts.meta), length,
    element("div", { className: "decide" }, parts.accept, parts.again));
  node.parts = parts;
  node.setAttribute("role", "listitem");
  setIcon(parts.accept, "accept");
  setIcon(parts.again, "again");
  paintWave(parts.wave, row, 2);
  node.addEventListener("mousedown", (event) => { if (event.target.closest("button")) event.preventDefault(); });
  node.addEventListener("click", (event) => clickRow(row, parts, event));
  paintRow(node, row);
  return node;
}

const badge = (row) => element("span", { className: "badge", textContent: row.status });

function clickRow(row, parts, event) {
  const clicked = (part) => part.contains(event.target);
  if (clicked(parts.accept)) return accept(row);
  if (clicked(parts.again)) return speakAgain(row);
  if (clicked(parts.play)) return row === state.current && !audio.paused ? audio.pause() : start(row);
  if (clicked(parts.wave) && playable(row)) return start(row, shareAt(parts.wave, event));
  select(row);
}

function paintRow(node, row) {
  const { play, wave, text, accept: yes, again } = node.parts;
  const current = row === state.current;
  const playing = current && !audio.paused;
  current ? node.setAttribute("aria-current", "true") : node.removeAttribute("aria-current");
  setIcon(play, playing ? "pause" : "play");
  play.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${row.id}`);
  text.textContent = textOf(row) || "(no text)";
  text.classList.toggle("edited", textOf(row) !== row.text);
  paintDecision(row, yes, again);
  paintPlayed(wave, current && state.source === row ? share() : 0);
}

function repaint(row) {
  if (row && nodes.has(row)) paintRow(nodes.get(row), row);
}

function reveal(row) {
  const top = $("list").getBoundingClientRect().top + row.at * rowHeight;
  const fixed = getComputedStyle($("tools")).position === "sticky";
  const head = fixed ? $("tools").offsetHeight + 8 : 8;
  const foot = innerHeight - $("desk").offsetHeight - 8;
  if (top < head) scrollBy(0, top - head - rowHeight);
  else if (top + rowHeight > foot) scrollBy(0, top + 2 * rowHeight - foot);
}
