// Playback: one audio element for clips, other takes and references.

const length = () => (Number.isFinite(audio.duration) && audio.duration) || (state.source && state.source.seconds) || 0;
const share = () => (state.source && state.loaded === state.source && length() ? Math.min(1, audio.currentTime / length()) : 0);
const seconds = () => (state.source && state.loaded === state.source ? audio.currentTime : 0);

function select(row, { scroll = false } = {}) {
  if (!row) return;
  const previous = state.current;
  if (previous !== row) {
    audio.pause();
    Object.assign(state, { current: row, source: row });
    repaint(previous);
    showProblem("");
    paintDesk();
  }
  repaint(row);
  if (scroll) reveal(row);
}

function load(source) {
  if (state.loaded === source) return;
  state.loaded = source;
  state.start = null;
  audio.src = address(source.audio);
  audio.playbackRate = Number($("speed").value);
}

function start(row, at = null) {
  select(row);
  play(state.source, at);
}

function play(source, at = null) {
  if (!playable(source)) return;
  load(source);
  for (const other of document.querySelectorAll(".sections audio")) other.pause();
  if (at !== null) seek(at);
  const attempt = ++state.attempts;
  audio.play().catch((error) => {
    if (attempt === state.attempts && error.name !== "AbortError" && !audio.error) showProblem(`${source.audio} could not be played: ${error.message}`);
  });
  $("announcement").textContent = `${state.current.id}, ${source.label || state.current.voice}`;
}

function seek(at) {
  const target = Math.min(1, Math.max(0, at));
  if (audio.readyState >= 1 && state.loaded === state.source) audio.currentTime = target * length();
  else state.start = target;
  paintTime();
}

function toggle() {
  const row = state.current || state.view[0];
  if (!row) return;
  !audio.paused && state.loaded === state.source ? audio.pause() : start(row);
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
  if (state.loaded) showProblem(audio.error.code === MediaError.MEDIA_ERR_DECODE ? playError(state.loaded.audio) : loadError(state.loaded.audio));
  paintLinks();
  audio.pause();
  state.loaded = null; // the next attempt loads it again
  paintPlaying();
});
audio.addEventListener("ended", () => {
  const row = $("play-on").checked && state.source === state.current ? step(1, playable) : null;
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
  const whole = state.source.seconds || length();
  paintPlayed($("bars"), share());
  paintPlayhead();
  lightWord(seconds());
  if (nodes.has(row) && state.source === row) paintPlayed(nodes.get(row).parts.wave, share());
  $("wave").setAttribute("aria-valuenow", seconds().toFixed(1));
  $("wave").setAttribute("aria-valuetext", `${seconds().toFixed(1)} of ${whole.toFixed(1)} seconds`);
  $("clock").textContent = playable(state.source) ? `${clock(seconds())} / ${clock(whole)}` : "no audio";
}

// --- speed, loop, zoom -----------------------------------------------------------------------------------------------

function changeSpeed(by) {
  $("speed").selectedIndex = Math.min($("speed").options.length - 1, Math.max(0, $("speed").selectedIndex + by));
  audio.playbackRate = Number($("speed").value);
}

function toggleLoop() {
  audio.loop = !audio.loop;
  $("loop").setAttribute("aria-pressed", String(audio.loop));
}

const ZOOMS = [1, 2, 4, 8];

// by: 0 shows or hides the spectrogram; -1 and 1 change how much of it the desk shows.
function zoom(by) {
  const at = ZOOMS.indexOf(state.zoom);
  state.zoom = by === 0 ? (state.zoom ? 0 : 1) : ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, at + by))];
  paintZoom();
  if (state.current) reveal(state.current);
}

function paintZoom() {
  const source = state.source || {};
  $("desk").classList.toggle("zoomed", state.zoom > 0);
  $("zoom").setAttribute("aria-pressed", String(state.zoom > 0));
  for (const id of ["zoom-in", "zoom-out"]) $(id).hidden = !state.zoom;
  $("zoom-out").disabled = state.zoom === ZOOMS[0];
  $("zoom-in").disabled = state.zoom === ZOOMS[ZOOMS.length - 1];
  $("wave").style.width = state.zoom > 1 ? `${100 * state.zoom}%` : "";
  $("spectrogram").hidden = !(state.zoom && source.spectrogram);
  if (!$("spectrogram").hidden) $("spectrogram").src = `data:image/png;base64,${source.spectrogram}`;
  $("no-spectrogram").hidden = !state.zoom || Boolean(source.spectrogram) || !playable(source);
  paintPlayhead();
  sizeDesk();
}

function paintPlayhead() {
  $("playhead").hidden = !state.zoom;
  if (!state.zoom) return;
  $("playhead").style.left = `${100 * share()}%`;
  const stage = $("stage");
  if (state.zoom > 1 && !audio.paused) stage.scrollLeft = share() * stage.scrollWidth - stage.clientWidth / 2;
}
