/** The page's fields: what a play asks for, how far that differs, and as a link. */

import { showAddress } from "./copy.js";

// The prompt may be private: what stands behind "#" is never sent to a server.
const PROMPT = "prompt";
const LANE = "fetch";
const ALL = "all";

// What is chosen of the page's views, beside what a play asks for; the first of each is
// what a page begins with.
const CHOICES = { text: ["rendered", "plain", "raw"], view: ["table", "bytes", "timeline"] };

export class Settings {
  #form;
  #lane;
  #compare;
  #changed;
  #reset;
  #onChange;

  /**
   * @param {HTMLFormElement} form  told of each change with an event `settings-changed`,
   *   whose detail is what the next play asks for; and once when the page is there
   * @param {() => void} onChange
   */
  constructor(form, onChange) {
    this.#form = form;
    this.#lane = form.querySelector("#lane");
    this.#compare = document.querySelector("[data-compare-on]");
    this.#changed = form.querySelector("[data-changed]");
    this.#reset = form.querySelector("[data-reset]");
    this.#read();
    form.addEventListener("input", () => this.#mark());
    this.#compare.addEventListener("change", () => this.#mark());
    for (const name of Object.keys(CHOICES)) {
      for (const input of radios(name)) {
        input.addEventListener("change", () => this.#mark());
      }
    }
    this.#reset.addEventListener("click", () => {
      for (const field of this.#overrides) field.value = "";
      this.#lane.value = LANE;
      this.#mark();
      this.#overrides[0].focus();
    });
    // A field that is wrong has to be seen.
    const open = () => (form.querySelector("details").open = true);
    form.addEventListener("invalid", open, true);
    this.#mark(false);
    if (!this.#changed.hidden) open();
    this.#onChange = onChange;
    // Another prompt, in the same page.
    addEventListener("hashchange", () => {
      this.#read();
      this.#mark();
    });
    // By then, all scripts of the page are there to hear it.
    document.addEventListener("DOMContentLoaded", () => this.#announce());
  }

  /** The transports to play over: one, or all of them side by side. */
  get lanes() {
    if (!this.#compare.checked) return [this.#lane.value];
    return [...this.#lane.options].map(({ value }) => value);
  }

  /** Return the name of a transport, for people. */
  laneName(lane) {
    return [...this.#lane.options].find(({ value }) => value === lane).text;
  }

  /** @param {"text" | "view"} name */
  choice(name) {
    return radios(name).find(({ checked }) => checked).value;
  }

  choose(name, value) {
    const input = radios(name).find((one) => one.value === value);
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  get #overrides() {
    return this.#form.querySelectorAll("[data-overrides] [name]");
  }

  get #parameters() {
    const parameters = {};
    for (const { name, value } of [this.#form.elements[PROMPT], ...this.#overrides]) {
      if (value !== "") parameters[name] = value;
    }
    return parameters;
  }

  /** Return what to play: its parameters, its addresses, and when to come back to them. */
  asked() {
    const parameters = this.#parameters;
    const { drawSeed, socket, retry } = this.#form.dataset;
    // The page needs to know the seed beforehand, to ask for the plan.
    if (!("seed" in parameters) && drawSeed !== undefined) {
      parameters.seed = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    }
    const events = this.#form.getAttribute("action");
    return { parameters, events, socket, retry: Number(retry) };
  }

  set(name, value) {
    const field = this.#form.elements[name];
    field.value = field.max ? Math.min(value, field.max) : value;
    this.#mark();
  }

  /** Return the address of the page as it stands, with the seed that was drawn. */
  link(seed) {
    const url = new URL(location.pathname, location.href);
    const lane = this.#compare.checked ? ALL : this.#lane.value;
    if (lane !== LANE) url.searchParams.set("lane", lane);
    for (const [name, [first]] of Object.entries(CHOICES)) {
      const value = this.choice(name);
      if (value !== first) url.searchParams.set(name, value);
    }
    for (const { name, value } of this.#overrides) {
      if (value !== "") url.searchParams.set(name, value);
    }
    if (seed && !url.searchParams.has("seed")) url.searchParams.set("seed", seed);
    const prompt = this.#form.elements[PROMPT].value;
    if (prompt) url.hash = new URLSearchParams({ prompt }).toString();
    return url.href;
  }

  #read() {
    const query = new URL(location.href).searchParams;
    const prompt = new URLSearchParams(location.hash.slice(1)).get(PROMPT);
    for (const field of this.#overrides) {
      if (query.has(field.name)) field.value = query.get(field.name);
    }
    const lane = query.get("lane");
    this.#compare.checked = lane === ALL;
    if ([...this.#lane.options].some(({ value }) => value === lane)) this.#lane.value = lane;
    for (const [name, values] of Object.entries(CHOICES)) {
      // A browser keeps what was checked before a page was loaded again.
      const value = values.includes(query.get(name)) ? query.get(name) : values[0];
      for (const input of radios(name)) input.checked = input.value === value;
    }
    if (prompt !== null) this.#form.elements[PROMPT].value = prompt;
  }

  #mark(write = true) {
    let count = 0;
    const mark = (field, changed) => {
      field.closest(".field").toggleAttribute("data-set", changed);
      count += changed;
    };
    for (const field of this.#overrides) mark(field, field.value !== "");
    this.#lane.disabled = this.#compare.checked;
    mark(this.#lane, !this.#compare.checked && this.#lane.value !== LANE);
    const { one, more } = this.#changed.dataset;
    this.#changed.textContent = count === 1 ? one : more.replace("[n]", count);
    this.#changed.hidden = !count;
    this.#reset.disabled = !count;
    if (!write) return;
    showAddress(this.link());
    this.#onChange();
    this.#announce();
  }

  #announce() {
    const detail = this.#parameters;
    this.#form.dispatchEvent(new CustomEvent("settings-changed", { detail }));
  }
}

function radios(name) {
  return [...document.querySelectorAll(`input[type=radio][name=${name}]`)];
}
