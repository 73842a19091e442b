// Decisions: accept a take, ask for another, change the text, write a note. They stay in this browser, by batch and clip
// key, until they are exported (or saved, where the page is served with a place to save them) and a run carries them out.

const storageKey = `f5-pipeline decisions ${page.batch} ${location.pathname}`;
const keyOf = (row) => row.key || row.id;
const ACTIONS = { accept: "accepted", respeak: "speak again" };
const DECIDED = {
  accept: (row) => actionOf(row) === "accept", respeak: (row) => actionOf(row) === "respeak",
  none: (row) => !actionOf(row), note: (row) => Boolean(noteOf(row)),
};
const here = new Map(); // clip key → {action, take, key, text, note}, only what differs from the store's decision

const local = (row) => here.get(keyOf(row)) || {};
const stored = (row) => row.decision || { action: "", note: "", original: "" };
// A line that was spoken again waits for a new decision.
const storedAction = (row) => (stored(row).in_force && stored(row).action === "accept" ? "accept" : "");
const actionOf = (row) => local(row).action ?? storedAction(row);
const noteOf = (row) => local(row).note ?? stored(row).note;
const textOf = (row) => local(row).text ?? row.text;
const acceptedTake = (row) => (actionOf(row) === "accept" ? (local(row).take ?? row.take) : 0);
const takesOf = (row) => [row, ...row.takes].sort((a, b) => a.take - b.take);
const lastTake = (row) => Math.max(row.attempts, ...takesOf(row).map((take) => take.take));

function loadDecisions() {
  try {
    const known = new Set(rows.map(keyOf));
    for (const [key, value] of Object.entries(JSON.parse(localStorage.getItem(storageKey) || "{}"))) {
      if (known.has(key) && value && typeof value === "object") here.set(key, value);
    }
  } catch { /* Storage is disabled or damaged: the page works without it. */ }
}

function change(row, values) {
  const changed = { ...local(row), ...values };
  if (changed.action !== "accept") delete changed.take, delete changed.key;
  if (changed.action === storedAction(row) && (changed.take ?? row.take) === row.take) delete changed.action, delete changed.take, delete changed.key;
  if (changed.text === row.text || !String(changed.text ?? "").trim()) delete changed.text;
  if (changed.note === stored(row).note) delete changed.note;
  Object.keys(changed).length ? here.set(keyOf(row), changed) : here.delete(keyOf(row));
  try {
    localStorage.setItem(storageKey, JSON.stringify(Object.fromEntries(here)));
  } catch { /* as above */ }
  repaint(row);
  paintExport();
  if (row === state.current) paintDecided();
}

function announce(row, what) {
  $("announcement").textContent = `${row.id}: ${what}`;
}

// Accept the take that is heard, or withdraw that.
function accept(row, take = row === state.current && state.source && state.source.take ? state.source : row) {
  if (!row || !playable(take)) return;
  const withdrawn = acceptedTake(row) === take.take;
  change(row, withdrawn ? { action: "" } : { action: "accept", take: take.take, key: take.key, text: row.text });
  announce(row, withdrawn ? "no longer accepted" : `take ${take.take} accepted`);
}

function speakAgain(row) {
  if (!row) return;
  const withdrawn = actionOf(row) === "respeak";
  change(row, withdrawn ? { action: "", text: row.text } : { action: "respeak" });
  announce(row, withdrawn ? "not to be spoken again" : "to be spoken again");
}

function editText(row, text) {
  const same = text.trim() === row.text.trim() || !text.trim();
  const asked = local(row).text !== undefined; // the decision to speak it again came with an edit, and goes with it
  change(row, same ? { text: row.text, ...(asked ? { action: "" } : {}) } : { text, action: "respeak" });
}

// --- as a table ------------------------------------------------------------------------------------------------------

const DECISION_COLUMNS = ["id", "decision", "take", "key", "text", "new_text", "note"];

function decisionCells(row) {
  const before = stored(row);
  const original = before.original || row.text;
  const text = local(row).text ?? (before.original ? row.text : original);
  let decided = before.in_force ? before : { action: "", take: "", key: "" };
  if (local(row).action !== undefined) {
    const accepted = local(row).action === "accept";
    decided = { action: local(row).action, take: accepted ? local(row).take : lastTake(row), key: accepted ? local(row).key : row.key };
  }
  const edit = text === original ? ["", ""] : [original, text];
  return [row.id, decided.action, decided.action ? decided.take : "", decided.action ? decided.key : "", ...edit, noteOf(row)];
}

// A line whose decision was withdrawn is an empty row, which withdraws it in the store.
const decidedRows = () => rows.filter((row) => here.has(keyOf(row)) || row.decision);
const decisionsCsv = () => toCsv([DECISION_COLUMNS, ...decidedRows().map(decisionCells)]);

function importDecisions(text) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  let [known, unknown] = [0, 0];
  for (const cells of parseCsv(text)) {
    const row = byId.get(cells.id);
    if (!row) { unknown += 1; continue; }
    known += 1;
    const action = { accept: "accept", respeak: "respeak", reject: "respeak" }[(cells.decision || "").toLowerCase()] || "";
    const take = takesOf(row).find((each) => (cells.key ? each.key === cells.key : String(each.take) === cells.take)) || (cells.key ? null : row);
    const values = { text: cells.new_text || row.text, note: cells.note || "" };
    if (action === "accept" && take && playable(take)) Object.assign(values, { action, take: take.take, key: take.key });
    if (action === "respeak" && (!cells.key || cells.key === row.key)) values.action = action;
    change(row, values);
  }
  return `${plural(known, "decision", "decisions")} read` + (unknown ? `; ${plural(unknown, "line is", "lines are")} not on this page` : "");
}
