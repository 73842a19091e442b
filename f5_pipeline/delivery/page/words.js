// Words, lit as they are spoken. Between two words whose times are known, and where none are, letters share the time.

let spokenWords = []; // {node, time, known}

function paintText() {
  const row = state.current;
  const text = textOf(row);
  $("text").classList.toggle("edited", text !== row.text);
  spokenWords = [];
  if (text !== row.text || !row.words) return $("text").replaceChildren(text);
  const pieces = [];
  let done = 0;
  for (let at = 0; at < row.words.length; at += 3) {
    const [from, to] = row.words.slice(at, at + 2);
    const node = element("span", { className: "word", textContent: text.slice(from, to) });
    pieces.push(text.slice(done, from), node);
    spokenWords.push({ node, time: state.source === row && row.words[at + 2] >= 0 ? row.words[at + 2] / 100 : null, letters: to - from + 1 });
    done = to;
  }
  $("text").replaceChildren(...pieces, text.slice(done));
  fillTimes(spokenWords, state.source.seconds || 0);
}

// Estimate the times that are not known. Estimates only light up words: labels and subtitles never have them.
function fillTimes(words, end) {
  words.forEach((word) => { word.known = word.time !== null; });
  for (let from = 0; from < words.length; from += 1) {
    if (words[from].known) continue;
    let to = from;
    while (to < words.length && !words[to].known) to += 1;
    const begin = from ? words[from - 1].time : 0;
    const stop = to < words.length ? words[to].time : end;
    const first = from ? from - 1 : from;
    const all = words.slice(first, to).reduce((sum, word) => sum + word.letters, 0) || 1;
    let before = from ? words[from - 1].letters : 0;
    for (; from < to; from += 1) {
      words[from].time = begin + ((stop - begin) * before) / all;
      before += words[from].letters;
    }
  }
  $("text").title = words.length && !words.some((word) => word.known) ? "Click a word to play from there. The times of the words are estimated: there is no transcript." : "Click a word to play from there.";
}

function lightWord(now) {
  const playing = state.loaded === state.source && (now > 0 || !audio.paused) && !state.source.label;
  let lit = null;
  for (const word of spokenWords) if (playing && word.time <= now + 0.02) lit = word;
  for (const word of spokenWords) word.node.classList.toggle("lit", word === lit);
}

function playWord(event) {
  const word = spokenWords.find(({ node }) => node === event.target);
  if (word && length()) play(state.source, word.time / length());
}
