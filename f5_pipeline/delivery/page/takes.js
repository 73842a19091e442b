// Takes of a line side by side, and the reference of its voice: switching keeps the position, so that two takes can be
// compared word by word.

function referenceOf(row) {
  const file = page.references[row.voice];
  return file ? (row.reference ??= { audio: file, seconds: 0, peaks: "", label: `the reference of ${row.voice}`, words: null }) : null;
}

function paintTakes() {
  const row = state.current;
  const takes = playable(row) ? takesOf(row) : [];
  const chips = takes.length > 1 ? takes.map((take) => takeChip(row, take)) : [];
  const reference = referenceOf(row);
  if (reference) chips.push(chip("Reference", reference, `The recording that the voice ${row.voice} is made from (v)`));
  if (reference && takes.length === 1) chips.unshift(chip("Clip", row, "The clip of this line"));
  $("takes").replaceChildren(...chips);
  $("takes").hidden = !chips.length;
}

function takeChip(row, take) {
  const chosen = acceptedTake(row) ? acceptedTake(row) === take.take : take === row;
  const title = take.reason ? `${take.status}: ${take.reason}` : take.status;
  const made = chip(`Take ${take.take}${chosen ? " ✓" : ""}`, take, `${title}${chosen ? "; this take is used" : ""} (t: next take)`);
  made.classList.add(take.status);
  return made;
}

function chip(name, source, title) {
  const made = element("button", { type: "button", className: "take", textContent: name, title });
  made.setAttribute("aria-pressed", String(state.source === source));
  made.addEventListener("click", () => hear(source));
  return made;
}

// Play another source of the line from the same position; a reference, and what follows it, from the beginning.
function hear(source) {
  if (!source || !state.current) return;
  const from = state.source;
  const at = source.label || from.label ? 0 : share();
  if (source === from && !audio.paused) return audio.pause();
  audio.pause();
  state.source = source;
  paintTakes();
  paintSource();
  play(source, source === from ? null : at);
}

function nextTake() {
  const row = state.current;
  if (!row) return;
  const takes = takesOf(row).filter(playable);
  if (takes.length > 1) hear(takes[(takes.indexOf(state.source) + 1) % takes.length]);
}

function hearReference() {
  const row = state.current;
  if (row && referenceOf(row)) hear(state.source === referenceOf(row) ? row : referenceOf(row));
}
