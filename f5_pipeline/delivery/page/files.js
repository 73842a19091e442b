// Files that leave the page, and decisions that come back: a table, a label track, or the place that the server names.

function download(name, text, type = "text/plain") {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const tell = (text) => { $("announcement").textContent = $("message").textContent = text; };

function exportDecisions() {
  download(`${page.batch}.decisions.csv`, decisionsCsv(), "text/csv");
  tell(`Put them into the store with: f5-pipeline decide ${page.batch} ${page.batch}.decisions.csv`);
}

async function readDecisions(event) {
  const file = event.target.files[0];
  event.target.value = "";
  if (!file) return;
  tell(importDecisions(await file.text()));
  refresh();
  paintDesk();
}

// A server that stores decisions adds <meta name="f5-decisions" content="URL"> to the page, and accepts a PUT of the table.
const saveTo = document.querySelector('meta[name="f5-decisions"]')?.content || "";

async function saveDecisions() {
  try {
    const answer = await fetch(saveTo, { method: "PUT", headers: { "Content-Type": "text/csv" }, body: decisionsCsv() });
    tell(answer.ok ? `Saved. To carry them out: f5-pipeline run ${page.batch}` : `Not saved: ${(await answer.text()).trim() || answer.status}`);
  } catch (error) {
    tell(`Not saved: ${error.message}`);
  }
}

// A label track of Audacity: start and end in seconds, and a text, separated by tabs.
const labelTrack = (labels) => labels.map(([from, to, text]) =>
  `${from.toFixed(3)}\t${to.toFixed(3)}\t${text.replace(/\s+/g, " ")}\n`).join("");

// The words of a clip whose times are known, each to the next; without any, the line as one label.
function exportLabels() {
  const { current: row, source } = state;
  if (!playable(source)) return;
  const known = spokenWords.filter((word) => word.known);
  const labels = known.map((word, at) => [word.time, at + 1 < known.length ? known[at + 1].time : source.seconds, word.node.textContent]);
  download(`${row.id.split("/").pop()}.labels.txt`, labelTrack(labels.length ? labels : [[0, source.seconds || length(), row.text]]));
}
