// Tables as CSV: written so that a spreadsheet can open them safely, read as spreadsheets write them.

// Spreadsheets run a cell that begins like this as a formula, but not after a space, which a reader of ours ignores.
const cell = (value) => {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^-?[\d.]+$/.test(text) ? ` ${text}` : text;
  return /[",;\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const toCsv = (lines) => lines.map((line) => line.map(cell).join(",") + "\r\n").join("");

function parseCsv(text) {
  const source = text.replace(/^\ufeff/, "");
  const comma = [",", ";", "\t"].sort((a, b) => source.split("\n", 1)[0].split(b).length - source.split("\n", 1)[0].split(a).length)[0];
  const lines = [[""]];
  let quoted = false;
  for (let at = 0; at < source.length; at += 1) {
    const line = lines[lines.length - 1];
    const letter = source[at];
    if (quoted && letter === '"' && source[at + 1] === '"') { line[line.length - 1] += '"'; at += 1; }
    else if (letter === '"' && (quoted || !line[line.length - 1].trim())) quoted = !quoted;
    else if (!quoted && letter === comma) line.push("");
    else if (!quoted && letter === "\n") lines.push([""]);
    else if (quoted || letter !== "\r") line[line.length - 1] += letter;
  }
  const [names, ...rest] = lines.map((line) => line.map((value) => value.trim()));
  const columns = names.map((name) => name.toLowerCase().replace(/[ -]/g, "_"));
  return rest.filter((line) => line.some(Boolean)).map((line) => toObject(columns, line));
}
