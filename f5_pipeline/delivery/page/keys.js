// The keyboard, all event handlers, and the start of the page.

const down = () => move(1);
const up = () => move(-1);
const nextSuspect = () => move(1, (row) => row.status === "suspect" && !actionOf(row));
const MOVES = new Set([down, up, nextSuspect]);
const KEYS = {
  j: down, ArrowDown: down, k: up, ArrowUp: up, n: nextSuspect, " ": toggle, Enter: toggle,
  ArrowLeft: () => nudge(-1), ArrowRight: () => nudge(1), d: toggleDetails,
  a: () => accept(state.current), r: () => speakAgain(state.current), e: openEditor, c: writeNote,
  t: nextTake, v: hearReference, l: toggleLoop, z: () => zoom(0), "+": () => zoom(1), "-": () => zoom(-1),
  "<": () => changeSpeed(-1), ">": () => changeSpeed(1), ",": () => changeSpeed(-1), ".": () => changeSpeed(1),
  "/": () => $("search").focus(), "?": () => $("keys").showModal(),
};

function writeNote() {
  if (!state.current) return;
  if ($("unfold").getAttribute("aria-expanded") !== "true") toggleDetails();
  $("note").focus();
}

// Move from the search box into the list; Enter and ArrowDown also select the first match.
function leaveSearch(event) {
  if (!["Escape", "Enter", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  $("list").focus({ preventScroll: true });
  if (event.key !== "Escape") select(state.view[0], { scroll: true });
}

function nudge(seconds) {
  if (playable(state.current) && length()) seek((share() * length() + seconds) / length());
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const target = event.target;
  if (target === $("search")) return leaveSearch(event);
  if (event.key === "Escape" && target === $("text-edit")) return finishEdit(false);
  if (event.key === "Enter" && !event.shiftKey && target === $("text-edit")) { event.preventDefault(); return finishEdit(true); }
  if (target === $("note") && ["Escape", "Enter"].includes(event.key)) return $("list").focus({ preventScroll: true });
  if (target.closest("input:not([type=checkbox]), select, textarea, audio")) return;
  // A focused button, link, checkbox or summary handles space and enter itself.
  if ((event.key === " " || event.key === "Enter") && target.closest("button, a, summary, input")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  if (MOVES.has(act)) $("list").focus({ preventScroll: true }); // else space would press the element clicked last
  act();
});

// --- events ----------------------------------------------------------------------------------------------------------

function measureRow() {
  rowHeight = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 64;
  sizeDesk();
  paintList(true);
}

let queued = false;
function schedulePaint() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; paintList(); });
}

for (const [id, name] of [["previous", "previous"], ["next", "next"], ["play", "play"], ["accept", "accept"], ["again", "again"], ["unfold", "fold"]]) setIcon($(id), name);
fill($("sort"), Object.keys(ORDERS));
$("tools").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["search", "voice", "section", "sort", "decided"]) $(id).addEventListener("input", refresh);
const onClick = {
  clear: showAll, export: exportDecisions, save: saveDecisions, import: () => $("decisions-file").click(), help: () => $("keys").showModal(),
  previous: up, next: down, play: toggle, accept: () => accept(state.current), again: () => speakAgain(state.current),
  unfold: toggleDetails, loop: toggleLoop, zoom: () => zoom(0), "zoom-in": () => zoom(1), "zoom-out": () => zoom(-1),
  edit: openEditor, labels: exportLabels, "edit-done": () => finishEdit(true), "edit-cancel": () => finishEdit(false), text: playWord,
};
for (const [id, act] of Object.entries(onClick)) $(id).addEventListener("click", act);
$("decisions-file").addEventListener("change", readDecisions);
$("speed").addEventListener("input", () => changeSpeed(0));
$("note").addEventListener("input", () => change(state.current, { note: $("note").value }));
$("wave").addEventListener("pointerdown", (event) => {
  if (playable(state.source)) play(state.source, shareAt($("wave"), event));
});
addEventListener("scroll", schedulePaint, { passive: true });
addEventListener("resize", measureRow);
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => paintList());

if (innerWidth > 720) toggleDetails();
loadDecisions();
paintSummary();
paintExport();
refresh();
measureRow();
