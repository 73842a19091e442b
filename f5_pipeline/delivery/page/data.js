// The rows of the page, and helpers that make elements, icons and waveforms.

const $ = (id) => document.getElementById(id);
const page = JSON.parse($("data").textContent);
const toObject = (names, values) => Object.fromEntries(names.map((name, at) => [name, values[at]]));
const measureNames = page.measures.map((measure) => measure.name);
const rows = page.rows.map((values, place) => {
  const row = Object.assign(toObject(page.fields, values), { place });
  row.measures = toObject(measureNames, row.measures);
  row.takes = (row.takes || []).map((take) => Object.assign(take, { words: null }));
  row.columns = toObject(page.columns, row.columns);
  return row;
});
const SEVERITY = ["suspect", "failed", "rejected", "ok"];
const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z", next: "M6 5l9 7-9 7zM16 5h2.5v14H16z",
  previous: "M18 5l-9 7 9 7zM5.500 5H8v14H5.500z", accept: "M9.500 18.500L3.500 12.500l1.900-1.900 4.100 4.100 9-9 1.900 1.900z",
  again: "M12 5V1.500L17 6l-5 4.500V7a5.500 5.500 0 1 0 5.500 5.500h2A7.500 7.500 0 1 1 12 5z",
  fold: "M12 8l7 7-1.600 1.600L12 11.200l-5.400 5.400L5 15z",
};
const audio = new Audio();
audio.preload = "none";

const state = {
  view: [], current: null, status: "", attempts: 0, start: null,
  source: null, // what the desk plays: the row itself, another of its takes, or the reference of its voice
  loaded: null, // the source in the audio element
  zoom: 0, // 0: no spectrogram; else the width of the waveform, in widths of the desk
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
  if (unplayable(path)) return `Browsers do not play .${page.unplayable} files. Open ${path} in another player, or set another format and deliver the batch again: nothing is spoken again.`;
  if (linksExpired()) return `The links of this page expired on ${expiryTime()}. For new links: ${reportCommand}`;
  if (page.links) return `${path} could not be loaded through its link: no network, or the file or the key that signed the link is gone. For new links: ${reportCommand}`;
  return `${path} could not be loaded. Is it beside this page? For a bucket that is not public, the page needs links: ${reportCommand}`;
}

const playError = (path) => `${path} could not be played: the file is damaged, or this computer has no sound output (${audio.error.message}).`;

const unplayable = (path) => Boolean(page.unplayable) && path.endsWith(`.${page.unplayable}`);
const playable = (source) => Boolean(source && source.audio);

// The waveform of a clip as one path of bars, each 0 … 2 high and one unit wide: the maximum of ``valuesPerBar`` values.
function waveformPath(source, valuesPerBar) {
  const values = Array.from(atob(source.peaks || ""), (letter) => letter.charCodeAt(0) / 255);
  const bars = [];
  for (let at = 0; at < values.length; at += valuesPerBar) {
    const height = Math.max(0.02, Math.pow(Math.max(...values.slice(at, at + valuesPerBar)), 0.7));
    bars.push(`M${at / valuesPerBar} ${(1 - height).toFixed(2)}h.7v${(2 * height).toFixed(2)}h-.7z`);
  }
  return { path: bars.join(""), box: `0 0 ${Math.max(1, bars.length)} 2` };
}

function paintWave(holder, source, valuesPerBar) {
  holder.classList.toggle("none", !playable(source));
  if (!playable(source)) return holder.replaceChildren();
  const { path, box } = waveformPath(source, valuesPerBar);
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
