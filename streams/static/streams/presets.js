/** A stream's timings and faults that have a name. */

/** The presets of a stream's form, above the fields that they fill. */
export class Presets {
  #box;
  #said;
  #titles;

  constructor(box) {
    this.#box = box;
    this.#said = box.querySelector("[data-preset-said]");
    const timing = document.querySelector(".field-unit").closest("fieldset");
    timing.querySelector(".form-row").before(box);
    const presets = new Map();
    for (const button of box.querySelectorAll("button")) {
      presets.set(button, JSON.parse(button.dataset.values));
      button.addEventListener("click", () => this.#fill(button, presets.get(button)));
    }
    const faults = [...presets.values()].flatMap((preset) => preset.faults);
    this.#titles = new Set(faults.map((fault) => fault.title));
    box.hidden = false;
  }

  #fill(button, { timing, faults }) {
    for (const [name, value] of Object.entries(timing)) {
      set(document.getElementById(`id_${name}`), value);
    }
    const wanted = new Map(faults.map((fault) => [fault.title, fault]));
    for (const field of this.#faultFields("title")) {
      if (!this.#titles.has(field.value)) continue;
      const form = field.closest(".inline-related");
      const out = form.querySelector("input[name$=-DELETE]");
      const isWanted = wanted.delete(field.value);
      if (out) {
        out.checked = !isWanted;
        set(out, out.value);
      } else if (!isWanted) form.querySelector(".inline-deletelink")?.click();
    }
    for (const fault of wanted.values()) this.#addFault(fault);
    const words = { PRESET: button.textContent, HELP: button.title };
    this.#said.textContent = this.#said.dataset.said.replace(
      /PRESET|HELP/g,
      (word) => words[word],
    );
  }

  #addFault(fault) {
    const add = document.querySelector("#faults-group .add-row a");
    if (!add) return;
    add.click();
    const prefix = this.#faultFields("title").at(-1).id.slice(0, -"title".length);
    // The kind first: it decides which fields there are.
    const { kind, ...rest } = fault;
    for (const [name, value] of Object.entries({ kind, ...rest })) {
      set(document.getElementById(prefix + name), value);
    }
  }

  #faultFields(name) {
    const all = document.querySelectorAll(`#faults-group input[name$="-${name}"]`);
    return [...all].filter((field) => !field.name.includes("__prefix__"));
  }
}

function set(field, value) {
  if (!field) return;
  if (field.type !== "checkbox") field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
