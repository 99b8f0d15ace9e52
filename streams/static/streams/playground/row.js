/** One line of the log: an event in a table, or the bytes of it. */

import { asJson, text } from "./record.js";

const COLUMNS = ["number", "at", "gap", "late", "id", "event", "size", "data"];

/** @typedef {import("./record.js").Entry} Entry */

/**
 * Make a table's row; that of an event has a button to expand it.
 * @param {Entry} entry
 * @param {import("./words.js").Words} words
 */
export function makeRow(entry, words) {
  const row = document.createElement("tr");
  const ms = (value) => (value == null ? "" : words.number(value));
  const said = {
    number: entry.number ?? "",
    at: ms(entry.at),
    gap: ms(entry.gap),
    late: entry.late == null ? "" : signed(entry.late, words),
    id: entry.id ?? "",
    size: ms(entry.size),
  };
  for (const name of COLUMNS) {
    const cell = document.createElement("td");
    cell.dataset.is = name;
    if (name === "event" && entry.event) {
      cell.append(makeButton(entry.event));
    } else if (name === "data") {
      // Marked, so that a space at its end is seen.
      const data = document.createElement(entry.event ? "span" : "em");
      data.textContent = entry.event ? entry.data : (entry.note ?? text(entry.raw).trim());
      cell.append(data);
    } else {
      cell.textContent = said[name] ?? "";
    }
    row.append(cell);
  }
  if (entry.note) row.dataset.note = "";
  if (entry.event) row.dataset.event = "";
  return row;
}

/** Return a row's button, or null for one that is no event. */
export function findButton(row) {
  return row.querySelector("[aria-expanded]");
}

/**
 * Show all of an event below its row, as JSON, or take that away again.
 * @param {HTMLElement} row
 * @param {Entry} entry
 * @param {import("./words.js").Words} words
 */
export function toggle(row, entry, words) {
  const open = findButton(row).ariaExpanded !== "true";
  findButton(row).ariaExpanded = `${open}`;
  if (!open) return row.lastElementChild.remove();
  const cell = document.createElement("td");
  const json = document.createElement("code");
  const copy = document.createElement("button");
  cell.dataset.is = "whole";
  cell.colSpan = COLUMNS.length;
  json.textContent = asJson(entry);
  copy.type = "button";
  copy.dataset.copy = "";
  copy.textContent = words.say("copyRow");
  cell.append(json, copy);
  row.append(cell);
}

/**
 * Make what a block of bytes looks like, line ends and all.
 * @param {Entry} entry
 */
export function makeBytes({ raw, note, event, data, id }) {
  const line = document.createElement("div");
  if (note) line.dataset.note = "";
  const shown = raw ? text(raw) : (note ?? `${event} ${id} ${data}`);
  for (const part of shown.split(/([\r\n])/)) {
    if (part === "\r" || part === "\n") {
      const end = document.createElement("i");
      end.dataset.end = part === "\r" ? "\\r" : "\\n";
      line.append(end);
    }
    line.append(part);
  }
  return line;
}

function makeButton(name) {
  const button = document.createElement("button");
  button.type = "button";
  button.ariaExpanded = "false";
  // One of them is reached by Tab, the others by arrows.
  button.tabIndex = -1;
  button.textContent = name;
  return button;
}

function signed(value, words) {
  const said = words.number(value);
  return Math.round(value) > 0 ? `+${said}` : said;
}
