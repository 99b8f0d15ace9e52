/**
 * The end of a text that is still typed. It is cut anywhere: what was opened in it is closed
 * and what has only begun is left out, so that nobody sees `**`, nor a heading that becomes
 * a list. Only for show: it is made anew from the text itself with all that comes.
 */

/** @param {string} source  the block that is typed, and what stands before it */
export function healed(source) {
  const begin = source.lastIndexOf("\n") + 1;
  const last = source.slice(begin).trim();
  // Perhaps a rule, a fence, a row of a table, an item, or the line under a heading.
  const isMark =
    /^[-=*+_#`~>|: \t]+$/.test(last) || /^(?:[-*+]|\d{1,9}[.)])\s+\[[ xX]?\]?$/.test(last);
  const text = isMark ? source.slice(0, begin) : source;
  if (isInCode(text)) return text;
  const start = beginOfBlock(text);
  return text.slice(0, start) + closed(text.slice(start));
}

function isInCode(text) {
  const lines = text.split("\n");
  const fences = lines.filter((line) =>
    /^(?:`{3}|~{3})/.test(line.trim().replace(/^(?:[-*+>]|\d{1,9}[.)])\s+/, "")),
  );
  const last = lines.at(-1);
  const isIndented = /^(?: {4}|\t)/.test(last) && !/^\s+(?:[-*+>]|\d{1,9}[.)])\s/.test(last);
  return fences.length % 2 === 1 || isIndented;
}

/** Marks find each other within a block, and within a cell of a table. */
function beginOfBlock(text) {
  let end = text.length;
  for (;;) {
    const begin = text.lastIndexOf("\n", end - 1) + 1;
    const line = text.slice(begin, end);
    if (!line.trim() && end < text.length) return end;
    const mark = /^[ \t]*(?:[-*+>]|\d{1,9}[.)]|#{1,6})[ \t]/.exec(line);
    if (mark) return begin + mark[0].length;
    if (/^[ \t]*\|/.test(line)) return begin + line.lastIndexOf("|") + 1;
    if (!begin) return 0;
    end = begin - 1;
  }
}

function closed(text) {
  let after = 0;
  for (const { index } of text.matchAll(/(?<![\\`])`/g)) {
    if (index < after) continue;
    const [ticks] = /^`+/.exec(text.slice(index));
    const inside = index + ticks.length;
    const end = text.slice(inside).search(new RegExp(`(?<!\`)${ticks}(?!\`)`));
    if (end < 0) {
      const code = text.slice(inside).replace(/`+$/, "");
      const before = text.slice(0, index);
      return withMarks(before, code.trim() ? ticks + code + ticks : "");
    }
    after = inside + end + ticks.length;
  }
  // A link is its text until its address is there.
  const rest = text
    .slice(after)
    .replace(/!?\[([^[\]\n]*)\]\([^()\n]*$/, "$1")
    .replace(/!?\[([^[\]\n]*)\]?$/, "$1");
  return withMarks(text.slice(0, after) + rest, "");
}

/** Close what is emphasized in a text, behind the code at its end. */
function withMarks(text, code) {
  const open = [];
  let said = text;
  for (const { 0: run, index } of text.matchAll(/\\[^]|(`+)[^]*?\1|\*+|_+|~~?/g)) {
    const next = text[index + run.length] ?? code[0];
    // One tilde is mostly a word: "about".
    if (run[0] === "\\" || run[0] === "`" || (run === "~" && next)) continue;
    const before = text[index - 1] ?? " ";
    // It may be cut itself: what is open already says what it is.
    if (next === undefined) said = text.slice(0, index);
    else {
      const at = /\s/.test(before) ? -1 : open.lastIndexOf(run);
      if (at >= 0) open.length = at;
      else if (/\S/.test(next) && !/[a-z\d]/i.test(before)) open.push(run);
    }
  }
  const whole = said + code;
  return open.length ? whole.trimEnd() + open.reverse().join("") : whole;
}
