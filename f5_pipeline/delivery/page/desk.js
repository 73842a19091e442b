// The desk at the bottom: the selected line with its measures, its text to edit and a note to write.

function paintDesk() {
  const row = state.current;
  $("desk").hidden = !row;
  if (!row) return;
  const open = $("unfold").getAttribute("aria-expanded") === "true";
  $("desk").className = `desk ${row.status}${open ? " open" : ""}${state.zoom ? " zoomed" : ""}`;
  $("meta").replaceChildren(...(row.status === "ok" ? [] : [badge(row)]),
    [row.id, row.voice, row.model, row.section].filter(Boolean).join(" · "));
  $("spoken").textContent = row.spoken.toLowerCase() === row.text.toLowerCase() ? "" : row.spoken;
  $("notes").textContent = row.notes;
  $("hint").textContent = "";
  closeEditor();
  paintMeasures(row);
  paintTakes();
  paintSource();
  paintDecided();
}

// What changes with the take that is heard.
function paintSource() {
  const { current: row, source } = state;
  $("reason").textContent = source === row ? row.reason : source.reason || "";
  paintWave($("bars"), source, 1);
  $("wave").setAttribute("aria-valuemax", (source.seconds || 0).toFixed(1));
  $("play").disabled = !playable(source);
  $("download").hidden = $("labels").hidden = !playable(source);
  if (playable(source)) {
    $("download").href = address(source.audio);
    $("download").download = source.audio.split("/").pop();
  }
  paintText();
  paintZoom();
  paintPlaying();
}

function paintMeasures(row) {
  $("measures").replaceChildren(...facts(row).map(([name, value, help]) => {
    const term = help ? element("button", { type: "button", className: "term", textContent: name, title: help }) : name;
    if (help) term.addEventListener("click", () => { $("hint").textContent = `${name[0].toUpperCase()}${name.slice(1)}: ${help}`; sizeDesk(); });
    return element("div", { className: String(value).length > 13 ? "wide" : "" },
      element("dt", {}, term), element("dd", { textContent: value }));
  }));
}

function facts(row) {
  const measured = page.measures.filter((measure) => row.measures[measure.name] != null)
    .map((measure) => [measure.label, formatMeasure(measure, row.measures[measure.name]), measure.help]);
  const synthesis = [["attempts", row.attempts, "How many takes were spoken."],
    ["seed", row.seed, "The number that makes this take; put it into the manifest's column seed to get the same again."]];
  const columns = Object.entries(row.columns);
  return [...measured, ...synthesis.filter(([, value]) => value), ...columns.filter(([, value]) => value)];
}

function paintDecision(row, yes, again) {
  const action = actionOf(row);
  for (const [button, name, pressed] of [[yes, "Accept", action === "accept"], [again, "Speak again", action === "respeak"]]) {
    button.setAttribute("aria-label", `${name}: ${row.id}`);
    button.setAttribute("aria-pressed", String(pressed));
  }
  yes.title = "Accept: keep this take, whatever the measures say (a)";
  again.title = "Speak again: ask for another take (r)";
  yes.disabled = !playable(row);
}

function paintDecided() {
  const row = state.current;
  if (!row) return;
  paintDecision(row, $("accept"), $("again"));
  if ($("note") !== document.activeElement) $("note").value = noteOf(row);
  const taken = acceptedTake(row);
  const parts = [taken ? `take ${taken} accepted` : ACTIONS[actionOf(row)] || "", textOf(row) !== row.text ? "new text" : ""];
  $("decision").textContent = parts.filter(Boolean).join(", ");
  if ($("editor").hidden) paintText();
  paintTakes();
  sizeDesk();
}

function paintExport() {
  const count = here.size;
  $("export").disabled = decidedRows().length === 0;
  $("export").textContent = count ? `Export ${plural(count, "decision", "decisions")}` : "Export decisions";
  $("save").hidden = !saveTo;
  $("save").disabled = count === 0;
}

// --- the text --------------------------------------------------------------------------------------------------------

function openEditor() {
  if (!state.current) return;
  if ($("unfold").getAttribute("aria-expanded") !== "true") toggleDetails();
  audio.pause();
  $("text-edit").value = textOf(state.current);
  $("editor").hidden = false;
  $("text").hidden = true;
  sizeDesk();
  $("text-edit").focus();
}

function closeEditor() {
  $("editor").hidden = true;
  $("text").hidden = false;
}

function finishEdit(keep) {
  if ($("editor").hidden) return;
  if (keep) editText(state.current, $("text-edit").value);
  closeEditor();
  paintDecided();
  $("list").focus({ preventScroll: true });
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
