// The rows of the page, and helpers that make elements, icons and waveforms.

const $ = (id) => document.getElementById(id);
const page = JSON.parse($("data").textContent);
const toObject = (names, values) => Object.fromEntries(names.map((name, at) => [name, values[at]]));
const measureNames = page.measures.map((measure) => measure.name);
const rows = page.rows.map((values, place) => {
  const row = Object.assign(toObject(page.fields, values), { place });
  row.measures = toObject(measureNames, row.measures);
  row.given = toObject(page.given, row.given);
  row.columns = toObject(page.columns, row.columns);
  return row;
});
const SEVERITY = ["suspect", "failed", "rejected", "ok"];
const WORDS = { ok: "fine", suspect: "to check", failed: "failed", rejected: "rejected" };
const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z", next: "M6 5l9 7-9 7zM16 5h2.5v14H16z",
  previous: "M18 5l-9 7 9 7zM5.500 5H8v14H5.500z", mark: "M6.500 4h11v16.500L12 16.300 6.500 20.500z",
  fold: "M12 8l7 7-1.600 1.600L12 11.200l-5.400 5.400L5 15z",
};
const audio = new Audio();
audio.preload = "none";

const state = {
  view: [], current: null, marked: new Set(), status: "", loaded: null, attempts: 0, start: null,
};

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function drawPath(path, box) {
  const svg = document.createElementNS(SVG, "svg");
  const shape = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", box);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

function setIcon(button, name) {
  if (button.dataset.icon === name) return;
  button.dataset.icon = name;
  button.replaceChildren(drawPath(ICONS[name], "0 0 24 24"));
}

function clock(seconds, digits = 1) {
  if (seconds < 60) return seconds.toFixed(digits) + " s";
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part, at) => (at ? String(part).padStart(2, "0") : part)).join(":");
}

function formatMeasure(measure, value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  const digits = Number.isInteger(value) && !measure.unit ? 0 : measure.digits; // counts have no unit
  return `${(value * measure.scale).toFixed(digits)} ${measure.unit}`.trim().replace("-", "−");
}
const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
const total = (lines) => lines.reduce((sum, row) => sum + (row.seconds || 0), 0);
// Files are beside the page, or behind links that expire.
const address = (path) => (page.links && page.links[path]) || path;
const linksExpired = () => Boolean(page.expires) && Date.now() >= page.expires * 1000;
const expiryTime = () => new Date(page.expires * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
const reportCommand = `f5-pipeline report ${page.batch}`;

function loadError(path) {
  if (linksExpired()) return `The links of this page expired on ${expiryTime()}. For new links: ${reportCommand}`;
  if (page.links) return `${path} could not be loaded through its link: no network, or the file or the key that signed the link is gone. For new links: ${reportCommand}`;
  return `${path} could not be loaded. Is it beside this page? For a bucket that is not public, the page needs links: ${reportCommand}`;
}

const playable = (row) => Boolean(row && row.audio);

// The waveform of a clip as one path of bars, each 0 … 2 high and one unit wide: the maximum of ``valuesPerBar`` values.
function waveformPath(row, valuesPerBar) {
  const values = Array.from(atob(row.peaks), (letter) => letter.charCodeAt(0) / 255);
  const bars = [];
  for (let at = 0; at < values.length; at += valuesPerBar) {
    const height = Math.max(0.02, Math.pow(Math.max(...values.slice(at, at + valuesPerBar)), 0.7));
    bars.push(`M${at / valuesPerBar} ${(1 - height).toFixed(2)}h.7v${(2 * height).toFixed(2)}h-.7z`);
  }
  return { path: bars.join(""), box: `0 0 ${Math.max(1, bars.length)} 2` };
}

function paintWave(holder, row, valuesPerBar) {
  holder.classList.toggle("none", !playable(row));
  if (!playable(row)) return holder.replaceChildren();
  const { path, box } = waveformPath(row, valuesPerBar);
  holder.replaceChildren(drawPath(path, box));
}

function paintPlayed(holder, share) {
  let played = holder.children[1];
  if (!played) {
    if (!share || !holder.firstChild) return;
    played = holder.firstChild.cloneNode(true);
    played.setAttribute("class", "played");
    holder.append(played);
  }
  played.style.clipPath = `inset(0 ${(100 * (1 - share)).toFixed(2)}% 0 0)`;
}
