// Marks, remembered between visits, and the manifest that speaks the marked lines again.

const memory = `f5-pipeline marks ${page.batch} ${location.pathname}`;

function recall() {
  try {
    const known = new Set(rows.map((row) => row.id));
    state.marked = new Set(JSON.parse(localStorage.getItem(memory) || "[]").filter((id) => known.has(id)));
  } catch { /* Storage is switched off or spoilt: the page works without it. */ }
}

function remember() {
  try {
    localStorage.setItem(memory, JSON.stringify([...state.marked]));
  } catch { /* as above */ }
}

function toggleMark(row) {
  if (!row) return;
  state.marked.delete(row.id) || state.marked.add(row.id);
  $("said").textContent = `${row.id} ${state.marked.has(row.id) ? "marked" : "not marked"}`;
  remember();
  repaint(row);
  paintMark();
  if ($("only-marked").checked) refresh();
}

// A spreadsheet takes a cell that begins like this for a formula, but not after a space, which means nothing to a
// manifest.
const cell = (value) => {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^-?[\d.]+$/.test(text) ? ` ${text}` : text;
  return /[",;\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

function manifest() {
  const chosen = rows.filter((row) => state.marked.has(row.id));
  // The same line with the same seed is the same clip: only another seed is another take.
  const seeds = crypto.getRandomValues(new Uint32Array(chosen.length));
  const cells = chosen.map((row, at) =>
    ({ ...row.columns, ...row.given, id: row.id, text: row.text, voice: row.voice, seed: seeds[at] }));
  const names = [...new Set(["id", "text", "voice", "seed", ...page.given, ...page.columns])];
  const lines = [names, ...cells.map((known) => names.map((name) => known[name]))];
  return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
}

function exportMarked() {
  const link = element("a", { download: `${page.batch}-again.csv`, href: URL.createObjectURL(new Blob([manifest()], { type: "text/csv" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
