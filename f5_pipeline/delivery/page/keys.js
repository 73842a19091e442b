// The keyboard, all event handlers, and the start of the page.

const down = () => move(1);
const up = () => move(-1);
const nextSuspect = () => move(1, (row) => row.status === "suspect");
const MOVES = new Set([down, up, nextSuspect]);
const KEYS = {
  j: down, ArrowDown: down, k: up, ArrowUp: up, n: nextSuspect, " ": toggle, Enter: toggle,
  ArrowLeft: () => nudge(-1), ArrowRight: () => nudge(1), m: () => toggleMark(state.current), d: toggleDetails,
  "/": () => $("search").focus(), "?": () => $("keys").showModal(),
};

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

setIcon($("previous"), "previous");
setIcon($("next"), "next");
setIcon($("play"), "play");
setIcon($("mark"), "mark");
setIcon($("unfold"), "fold");
fill($("sort"), Object.keys(ORDERS));
$("tools").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["search", "voice", "section", "sort", "only-marked"]) $(id).addEventListener("input", refresh);
$("clear").addEventListener("click", showAll);
$("export").addEventListener("click", exportMarked);
$("help").addEventListener("click", () => $("keys").showModal());
$("previous").addEventListener("click", () => move(-1));
$("next").addEventListener("click", () => move(1));
$("play").addEventListener("click", toggle);
$("mark").addEventListener("click", () => toggleMark(state.current));
$("unfold").addEventListener("click", toggleDetails);
$("wave").addEventListener("pointerdown", (event) => {
  if (playable(state.current)) start(state.current, shareAt($("wave"), event));
});
addEventListener("scroll", schedulePaint, { passive: true });
addEventListener("resize", measureRow);
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => paintList());

if (innerWidth > 720) toggleDetails();
loadMarks();
paintSummary();
paintMark();
refresh();
measureRow();
