/**
 * The form of a script or stream in the admin: leaving it asks first while something in it
 * is not saved, and Ctrl+S, or ⌘S on a Mac, saves it. What it was is what the server wrote
 * into the page, so that text which a browser brings back counts as not saved.
 */

import { onChange } from "./form-changes.js";

class FormGuard {
  #form;
  #unsaved;
  #rows;
  #saving = false;

  constructor(hint) {
    this.#form = document.getElementById(hint.dataset.formGuard);
    // Shown again with its mistakes, nothing of it is saved.
    this.#unsaved = hint.hasAttribute("data-unsaved");
    this.#rows = this.#countRows();
    const button = this.#button();
    button?.setAttribute("aria-keyshortcuts", "Control+S Meta+S");
    hint.hidden = !button;

    const changed = () => (this.#saving = false);
    onChange(this.#form, changed);
    window.addEventListener("pageshow", changed);
    // After all others, who may have something against it.
    window.addEventListener("submit", (event) => {
      if (event.target === this.#form) this.#saving = !event.defaultPrevented;
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.#saving || !this.differs()) return;
      event.preventDefault();
      // For browsers that do not listen to the former.
      event.returnValue = true;
    });
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Tell whether the form holds something that the server has not. */
  differs() {
    return (
      this.#unsaved ||
      this.#countRows() !== this.#rows ||
      [...this.#form.elements].some((field) => field.name && isChanged(field))
    );
  }

  #press(event) {
    const modifier = event.ctrlKey !== event.metaKey;
    if (!modifier || event.altKey || event.shiftKey) return;
    if (event.key.toLowerCase() !== "s") return;
    const button = this.#button();
    if (!button) return;
    event.preventDefault();
    if (!event.repeat && !this.#saving) this.#form.requestSubmit(button);
  }

  #button() {
    const row = this.#form.querySelector(".submit-row");
    return row?.querySelector("[name=_continue]") ?? row?.querySelector("[name=_save]");
  }

  /** Rules and faults that were added, and are no fields of the server's. */
  #countRows() {
    const totals = this.#form.querySelectorAll("input[name$=-TOTAL_FORMS]");
    return [...totals].map(({ value }) => value).join();
  }
}

function isChanged(field) {
  if (field.disabled || field.type === "hidden" || field.type === "submit") return false;
  if (field.type === "checkbox" || field.type === "radio") {
    return field.checked !== field.defaultChecked;
  }
  if (field instanceof HTMLSelectElement) {
    const options = [...field.options];
    const chosen = options.filter((option) => option.selected);
    let before = options.filter((option) => option.defaultSelected);
    // Of a list that drops down, the first is chosen if no other is.
    if (!before.length && !field.multiple) before = options.slice(0, 1);
    const values = (some) => some.map((option) => option.value).join("\n");
    return values(chosen) !== values(before);
  }
  return "defaultValue" in field && field.value !== field.defaultValue;
}

for (const hint of document.querySelectorAll("[data-form-guard]")) new FormGuard(hint);
