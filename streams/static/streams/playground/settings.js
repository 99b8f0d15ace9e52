/** The form's fields: what a play asks for, how far that differs, and as a link. */

// The prompt may be private: what stands behind "#" is never sent to a server.
const PROMPT = "prompt";
const LANE = "fetch";

export class Settings {
  #form;
  #lane;
  #changed;
  #reset;
  #onChange;

  constructor(form, onChange) {
    this.#form = form;
    this.#lane = form.querySelector("#lane");
    this.#changed = form.querySelector("[data-changed]");
    this.#reset = form.querySelector("[data-reset]");
    this.#onChange = onChange;
    this.#read();
    form.addEventListener("input", () => this.#mark());
    this.#reset.addEventListener("click", () => {
      for (const field of this.#overrides) field.value = "";
      this.#lane.value = LANE;
      this.#mark();
      this.#lane.focus();
    });
    // A field that is wrong has to be seen.
    const open = () => (form.querySelector("details").open = true);
    form.addEventListener("invalid", open, true);
    this.#mark(false);
    if (!this.#changed.hidden) open();
  }

  get lane() {
    return this.#lane.value;
  }

  get #overrides() {
    return this.#form.querySelectorAll("[data-overrides] [name]");
  }

  /** Return what to play: parameters, addresses and transport. */
  asked() {
    const parameters = {};
    for (const { name, value } of [this.#form.elements[PROMPT], ...this.#overrides]) {
      if (value !== "") parameters[name] = value;
    }
    // The page needs to know the seed beforehand, to ask for the plan.
    if (!("seed" in parameters) && "drawSeed" in this.#form.dataset) {
      parameters.seed = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    }
    const { socket } = this.#form.dataset;
    const events = this.#form.getAttribute("action");
    return { lane: this.lane, parameters, events, socket };
  }

  set(name, value) {
    const field = this.#form.elements[name];
    field.value = field.max ? Math.min(value, field.max) : value;
    this.#mark();
  }

  /** Return the address of the page as it stands, with the seed that was drawn. */
  link(seed) {
    const url = new URL(location.pathname, location.href);
    if (this.lane !== LANE) url.searchParams.set("lane", this.lane);
    for (const { name, value } of this.#overrides) {
      if (value !== "") url.searchParams.set(name, value);
    }
    if (seed) url.searchParams.set("seed", seed);
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
    if ([...this.#lane.options].some(({ value }) => value === lane)) this.#lane.value = lane;
    if (prompt !== null) this.#form.elements[PROMPT].value = prompt;
  }

  #mark(write = true) {
    let count = 0;
    const mark = (field, changed) => {
      field.closest(".field").toggleAttribute("data-set", changed);
      count += changed;
    };
    for (const field of this.#overrides) mark(field, field.value !== "");
    mark(this.#lane, this.lane !== LANE);
    const { one, more } = this.#changed.dataset;
    this.#changed.textContent = count === 1 ? one : more.replace("[n]", count);
    this.#changed.hidden = !count;
    this.#reset.disabled = !count;
    if (write) history.replaceState(null, "", this.link());
    if (write) this.#onChange();
  }
}
