// The head of the page: totals, verdicts, lines without audio, voices, joined files.

function paintSummary() {
  const count = (status) => rows.filter((row) => row.status === status).length;
  $("batch").textContent = page.batch;
  $("about").textContent = page.about;
  paintLinks();
  const numbers = [["lines", rows.length.toLocaleString("en")], ["audio", clock(total(rows), 0)],
    ["voices", new Set(rows.filter(playable).map((row) => row.voice)).size], ["suspect", count("suspect")]];
  $("numbers").append(...numbers.map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));
  const present = SEVERITY.slice().reverse().filter(count);
  $("proportions").append(...present.map((status) => {
    const bar = element("span", { className: status });
    bar.style.flexGrow = count(status);
    return bar;
  }));
  const chip = (status, name, number) => element("button",
    { type: "button", className: status, onclick: () => choose(status) }, element("b", { textContent: number }), name);
  $("statuses").append(chip("", "all", rows.length.toLocaleString("en")),
    ...present.map((status) => chip(status, status, count(status).toLocaleString("en"))));
  [...$("statuses").children].forEach((button) => { button.dataset.status = button.className; });
  paintUnspoken();
  paintVoices();
  paintSections();
}

function paintLinks() {
  if (!page.expires) return;
  $("links").hidden = false;
  $("links").classList.toggle("expired", linksExpired());
  $("links").textContent = linksExpired() ? loadError("") : `Its links open the audio for anyone who has this page, until ${expiryTime()}.`;
}

const SHOWN_UNSPOKEN = 200;

function paintUnspoken() {
  const unspoken = rows.filter((row) => !playable(row));
  if (!unspoken.length) return;
  $("unspoken").hidden = false;
  $("unspoken").open = unspoken.length <= 5 && innerWidth > 720;
  $("unspoken").firstElementChild.textContent = `${plural(unspoken.length, "line has", "lines have")} no audio`;
  const body = $("unspoken").querySelector("tbody");
  for (const row of unspoken.slice(0, SHOWN_UNSPOKEN)) {
    body.append(tableRow([row.id, row.reason || row.status, row.text.slice(0, 300)]));
  }
  if (unspoken.length > SHOWN_UNSPOKEN) body.append(tableRow(["…", `and ${unspoken.length - SHOWN_UNSPOKEN} more, in the list`, ""]));
}

function tableRow(cells) {
  return element("tr", {}, ...cells.map((textContent) => element("td", { textContent })));
}

function paintVoices() {
  const byVoice = new Map();
  for (const row of rows.filter((each) => each.voice)) {
    if (!byVoice.has(row.voice)) byVoice.set(row.voice, []);
    byVoice.get(row.voice).push(row);
  }
  fill($("voice"), [...byVoice.keys()].sort());
  const spoken = [...byVoice.keys()].sort().filter((name) => byVoice.get(name).some(playable));
  if (spoken.length < 2) return;
  $("voices").hidden = false;
  $("voices").firstElementChild.textContent = plural(spoken.length, "voice", "voices");
  for (const name of spoken) {
    const lines = byVoice.get(name);
    const suspects = lines.filter((row) => row.status === "suspect").length;
    $("voices").querySelector("tbody").append(
      tableRow([name, lines.length.toLocaleString("en"), clock(total(lines)), suspects || "–"]));
  }
}

function paintSections() {
  const names = [...new Set(rows.map((row) => row.section).filter(Boolean))];
  $("section").hidden = names.length === 0;
  fill($("section"), names);
  if (!page.sections.length) return;
  $("sections").hidden = false;
  $("sections").firstElementChild.textContent = plural(page.sections.length, "joined file", "joined files");
  $("sections").querySelector("ul").append(...page.sections.map(sectionItem));
}

function sectionItem(section) {
  const player = element("audio", { controls: true, preload: "none", src: address(section.audio) });
  const problem = element("small", { className: "gap" });
  player.setAttribute("aria-label", section.name);
  player.addEventListener("play", () => { audio.pause(); problem.textContent = ""; });
  player.addEventListener("error", () => { problem.textContent = loadError(section.audio); paintLinks(); });
  const item = element("li", {}, element("strong", { textContent: section.name }), player,
    element("small", { textContent: `${clock(section.seconds)}, ${plural(section.lines, "line", "lines")}` }));
  for (const name of [section.audio, ...section.subtitles]) {
    item.append(element("a", { href: address(name), textContent: name.split(".").pop().toUpperCase(), download: "" }));
  }
  if (section.spans.length) {
    const labels = element("button", { type: "button", className: "link", textContent: "Labels", title: "The lines of this file, as a label track for Audacity" });
    labels.addEventListener("click", () => download(`${section.name}.labels.txt`, labelTrack(section.spans.map(([id, from, to]) => [from, to, id]))));
    item.append(labels);
  }
  if (section.missing.length) {
    const ids = section.missing.slice(0, 5).join(", ") + (section.missing.length > 5 ? ", …" : "");
    item.append(element("small", { className: "gap", textContent: `without ${plural(section.missing.length, "line", "lines")} that could not be spoken: ${ids}` }));
  }
  item.append(problem);
  return item;
}

function fill(select, names) {
  select.append(...names.map((name) => element("option", { value: name, textContent: name })));
}
