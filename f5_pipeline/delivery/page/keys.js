// The keyboard, and the wiring of everything else; what runs at the end starts the page.

const down = () => move(1);
const up = () => move(-1);
const nextSuspect = () => move(1, (row) => row.status === "suspect");
const MOVES = new Set([down, up, nextSuspect]);
const KEYS = {
  j: down, ArrowDown: down, k: up, ArrowUp: up, n: nextSuspect, " ": toggle, Enter: toggle,
  ArrowLeft: () => nudge(-1), ArrowRight: () => nudge(1), m: () => toggleMark(state.current), d: unfold,
  "/": () => $("search").focus(), "?": () => $("keys").showModal(),
};

// From the search box into the list: escape, or down to the first line found.
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
  const place = event.target;
  if (place === $("search")) return leaveSearch(event);
  if (place.closest("input:not([type=checkbox]), select, textarea, audio")) return;
  // A focused button, link, box or summary keeps its own space and enter.
  if ((event.key === " " || event.key === "Enter") && place.closest("button, a, summary, input")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  if (MOVES.has(act)) $("list").focus({ preventScroll: true }); // else space would press what was clicked last
  act();
});

// --- wiring ----------------------------------------------------------------------------------------------------------

function measureRow() {
  rowHeight = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 64;
  sizeDesk();
  paintList(true);
}

let queued = false;
function whenIdle() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; paintList(); });
}

icon($("previous"), "previous");
icon($("next"), "next");
icon($("play"), "play");
icon($("mark"), "mark");
icon($("unfold"), "fold");
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
$("unfold").addEventListener("click", unfold);
$("wave").addEventListener("pointerdown", (event) => {
  if (playable(state.current)) start(state.current, shareAt($("wave"), event));
});
addEventListener("scroll", whenIdle, { passive: true });
addEventListener("resize", measureRow);
for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => paintList());

if (innerWidth > 720) unfold();
recall();
paintSummary();
paintMark();
refresh();
measureRow();
