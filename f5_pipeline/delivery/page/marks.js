// Marks, kept between visits, and the manifest that speaks the marked lines again.

const storageKey = `f5-pipeline marks ${page.batch} ${location.pathname}`;

function loadMarks() {
  try {
    const ids = new Set(rows.map((row) => row.id));
    state.marked = new Set(JSON.parse(localStorage.getItem(storageKey) || "[]").filter((id) => ids.has(id)));
  } catch { /* Storage is disabled or damaged: the page works without it. */ }
}

function saveMarks() {
  try {
    localStorage.setItem(storageKey, JSON.stringify([...state.marked]));
  } catch { /* as above */ }
}

function toggleMark(row) {
  if (!row) return;
  state.marked.delete(row.id) || state.marked.add(row.id);
  $("announcement").textContent = `${row.id} ${state.marked.has(row.id) ? "marked" : "not marked"}`;
  saveMarks();
  repaint(row);
  paintMark();
  if ($("only-marked").checked) refresh();
}

// Spreadsheets run a cell that begins like this as a formula, but not after a space, which a manifest ignores.
const cell = (value) => {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^-?[\d.]+$/.test(text) ? ` ${text}` : text;
  return /[",;\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

function manifest() {
  const marked = rows.filter((row) => state.marked.has(row.id));
  // A line with the same seed finds the same clip in the store; a new seed makes a new take.
  const seeds = crypto.getRandomValues(new Uint32Array(marked.length));
  const records = marked.map((row, at) =>
    ({ ...row.columns, ...row.given, id: row.id, text: row.text, voice: row.voice, seed: seeds[at] }));
  const names = [...new Set(["id", "text", "voice", "seed", ...page.given, ...page.columns])];
  const lines = [names, ...records.map((record) => names.map((name) => record[name]))];
  return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
}

function exportMarked() {
  const link = element("a", { download: `${page.batch}-again.csv`, href: URL.createObjectURL(new Blob([manifest()], { type: "text/csv" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
