/** What a line of Markdown can be, by itself. */

import { FENCE } from "./fence.js";

const BULLET = /^( {0,3})(?:[*+-]|\d{1,9}[.)])(?:[ \t]|$)/;
const HEADING = /^ {0,3}#{1,6}(?:\s|$)/;
const QUOTE = /^ {0,3}>/;

export function isBlank(line) {
  return /^[ \t]*$/.test(line);
}

/** Whether it could stand between a table's header and its rows. */
export function isDelimiter(line) {
  return /^[ |:-]*$/.test(line) && line.includes("-") && /[|:]/.test(line);
}

/**
 * Whether a line could be the first of a block, of an item, or of a table's body.
 * @param {string} line
 * @param {string} first  that of the block before it
 * @param {boolean} isAfterBlank
 */
export function mayBegin(line, first, isAfterBlank) {
  const indent = /^ */.exec(line)[0].length;
  if (indent > 3 || line[indent] === "\t") return false;
  if (isDelimiter(line)) return true;
  const bullet = BULLET.exec(first);
  if (bullet && indent > bullet[1].length) return false;
  if (isAfterBlank) return true;
  if (QUOTE.test(line)) return !QUOTE.test(first);
  return FENCE.test(line) || HEADING.test(line) || BULLET.test(line);
}
