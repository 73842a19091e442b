// Playback: one audio element, and the desk at the bottom that shows the selected line.

const length = () => (Number.isFinite(audio.duration) && audio.duration) || (state.current && state.current.seconds) || 0;
const share = () => (state.loaded === state.current && length() ? Math.min(1, audio.currentTime / length()) : 0);

function select(row, { scroll = false } = {}) {
  if (!row) return;
  const previous = state.current;
  if (previous !== row) {
    audio.pause();
    state.current = row;
    repaint(previous);
    showProblem("");
    paintDesk();
  }
  repaint(row);
  if (scroll) reveal(row);
}

function load(row) {
  if (state.loaded === row) return;
  state.loaded = row;
  state.start = null;
  audio.src = address(row.audio);
}

function start(row, at = null) {
  select(row);
  if (!playable(row)) return;
  load(row);
  for (const other of document.querySelectorAll(".sections audio")) other.pause();
  if (at !== null) seek(at);
  const attempt = ++state.attempts;
  audio.play().catch((error) => {
    if (attempt === state.attempts && error.name !== "AbortError" && !audio.error) showProblem(`${row.audio} could not be played: ${error.message}`);
  });
  $("announcement").textContent = `${row.id}, ${row.voice}`;
}

function seek(at) {
  const target = Math.min(1, Math.max(0, at));
  if (audio.readyState >= 1) audio.currentTime = target * length();
  else state.start = target;
  paintTime();
}

function toggle() {
  const row = state.current || state.view[0];
  if (!row) return;
  !audio.paused && state.loaded === row ? audio.pause() : start(row);
}

function step(by, accept = () => true) {
  const from = state.current && state.view[state.current.at] === state.current ? state.current.at : by > 0 ? -1 : state.view.length;
  for (let at = from + by; at >= 0 && at < state.view.length; at += by) {
    if (accept(state.view[at])) return state.view[at];
  }
  return null;
}

function move(by, accept) {
  const row = step(by, accept);
  if (!row) return;
  const playing = !audio.paused;
  select(row, { scroll: true });
  if (playing) start(row);
}

function shareAt(holder, event) {
  const box = holder.getBoundingClientRect();
  return box.width ? (event.clientX - box.left) / box.width : 0;
}

function showProblem(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
  sizeDesk();
}

audio.addEventListener("loadedmetadata", () => {
  if (state.start !== null) audio.currentTime = state.start * length();
  state.start = null;
  paintTime();
});
audio.addEventListener("error", () => {
  if (state.loaded) showProblem(loadError(state.loaded.audio));
  paintLinks();
  state.loaded = null; // the next attempt loads it again
  paintPlaying();
});
audio.addEventListener("ended", () => {
  const row = $("play-on").checked ? step(1, playable) : null;
  if (!row) return paintPlaying();
  select(row, { scroll: true });
  start(row);
});
for (const event of ["play", "pause"]) audio.addEventListener(event, paintPlaying);
audio.addEventListener("timeupdate", paintTime);

function animate() {
  paintTime();
  if (!audio.paused) requestAnimationFrame(animate);
}

// --- the desk: the selected line -------------------------------------------------------------------------------------

function paintDesk() {
  const row = state.current;
  $("desk").hidden = !row;
  if (!row) return;
  $("desk").className = `desk ${row.status}${$("unfold").getAttribute("aria-expanded") === "true" ? " open" : ""}`;
  $("meta").replaceChildren(...(row.status === "ok" ? [] : [element("span", { className: "badge", textContent: WORDS[row.status] })]),
    [row.id, row.voice, row.model, row.section].filter(Boolean).join(" · "));
  $("text").textContent = row.text;
  $("spoken").textContent = row.spoken === row.text ? "" : row.spoken;
  $("reason").textContent = row.reason;
  paintWave($("wave"), row, 1);
  $("wave").setAttribute("aria-valuemax", (row.seconds || 0).toFixed(1));
  $("measures").replaceChildren(...facts(row).map(([name, value]) =>
    element("div", { className: String(value).length > 13 ? "wide" : "" }, element("dt", { textContent: name }), element("dd", { textContent: value }))));
  $("play").disabled = !playable(row);
  paintPlaying();
  paintMark();
  sizeDesk();
}

function facts(row) {
  const measured = page.measures.filter((measure) => row.measures[measure.name] != null)
    .map((measure) => [measure.label, formatMeasure(measure, row.measures[measure.name])]);
  const synthesis = [["attempts", row.attempts], ["seed", row.seed]];
  const columns = Object.entries(row.columns);
  return [...measured, ...synthesis.filter(([, value]) => value), ...columns.filter(([, value]) => value)];
}

function paintPlaying() {
  const playing = !audio.paused;
  setIcon($("play"), playing ? "pause" : "play");
  $("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  repaint(state.current);
  paintTime();
  if (playing) requestAnimationFrame(animate);
}

function paintTime() {
  const row = state.current;
  if (!row) return;
  const now = state.loaded === row ? audio.currentTime : 0;
  paintPlayed($("wave"), share());
  if (nodes.has(row)) paintPlayed(nodes.get(row).children[1], share());
  $("wave").setAttribute("aria-valuenow", now.toFixed(1));
  $("wave").setAttribute("aria-valuetext", `${now.toFixed(1)} of ${(row.seconds || 0).toFixed(1)} seconds`);
  $("clock").textContent = playable(row) ? `${clock(now)} / ${clock(row.seconds)}` : "no audio";
}

function paintMark() {
  const marked = Boolean(state.current) && state.marked.has(state.current.id);
  $("mark").setAttribute("aria-pressed", String(marked));
  $("export").disabled = state.marked.size === 0;
  $("export").textContent = state.marked.size ? `Export ${state.marked.size.toLocaleString("en")} marked` : "Export marked";
}

function sizeDesk() {
  document.documentElement.style.setProperty("--desk", `${$("desk").offsetHeight}px`);
}

function toggleDetails() {
  const open = $("unfold").getAttribute("aria-expanded") !== "true";
  $("unfold").setAttribute("aria-expanded", String(open));
  $("desk").classList.toggle("open", open);
  sizeDesk();
  if (state.current && state.view[state.current.at] === state.current) reveal(state.current);
}
