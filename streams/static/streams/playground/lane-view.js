/** What one lane shows: its phase in words, its text, its figures, its verdict, its trouble. */

import { Said } from "../said.js";
import { Figures } from "./figures.js";

export class LaneView {
  /** @type {Said} */
  said;
  /** @type {Figures} */
  figures;

  #element;
  #words;
  #part = {};
  #labels;

  /**
   * @param {HTMLElement} element
   * @param {string} title  of its transport
   * @param {import("./words.js").Words} words
   */
  constructor(element, title, words) {
    this.#element = element;
    this.#words = words;
    for (const name of ["tab", "title", "phase", "phase-name", "clock", "said", "alert"]) {
      this.#part[name] = element.querySelector(`[data-${name}]`);
    }
    this.#labels = [...element.querySelectorAll("[aria-label]")].map((part) => [
      part,
      part.ariaLabel,
    ]);
    this.said = new Said(this.#part.said);
    this.figures = new Figures(element, words);
    this.title = title;
  }

  get element() {
    return this.#element;
  }

  get title() {
    return this.#part.title.textContent;
  }

  set title(title) {
    this.#part.title.textContent = title;
    for (const [part, label] of this.#labels) part.ariaLabel = `${label}: ${title}`;
  }

  /** The radio button by which it is chosen where there are several. */
  get tab() {
    return this.#part.tab;
  }

  set chosen(on) {
    const { said } = this.#part;
    const unseen = !said.clientHeight;
    this.tab.checked = on;
    this.#element.toggleAttribute("data-chosen", on);
    // What was typed while it was out of sight went on below.
    if (on && unseen) said.scrollTop = said.scrollHeight;
  }

  reveal() {
    this.#part.said.scrollIntoView({ block: "nearest" });
  }

  clear() {
    this.said.clear();
    this.figures.clear();
    this.alert("");
  }

  /** Show what an event says. */
  hear(event, data) {
    if (event === "message") this.said.append("", data);
    if (event === "reasoning") this.said.append("reasoning", data);
    if (event === "tool") this.said.append("tool", called(data));
    if (event === "reset") this.said.clear();
  }

  show(phase) {
    this.#element.dataset.at = phase;
    this.#part.phase.dataset.phase = phase;
    this.#part["phase-name"].textContent = this.#words.say(phase);
    this.clock("");
  }

  clock(words) {
    this.#part.clock.textContent = words;
  }

  alert(words) {
    this.#part.alert.textContent = words;
    this.#part.alert.hidden = !words;
  }
}

/** Write a tool's call as a line. */
function called(data) {
  try {
    const { name, arguments: given } = JSON.parse(data);
    return `${name}(${given})`;
  } catch {
    return data;
  }
}
