/**
 * A stream's faults in the admin: each shows the fields that its kind takes, and sends no
 * others. Without JavaScript all are there, and the server says which to leave blank.
 */

class FaultForm {
  #kind;
  #taken;
  #fields = new Map();

  constructor(kind) {
    this.#kind = kind;
    this.#taken = JSON.parse(kind.dataset.faultFields);
    const prefix = kind.name.slice(0, -"kind".length);
    for (const name of JSON.parse(kind.dataset.faultSome)) {
      const field = kind.form.elements.namedItem(prefix + name);
      if (field) this.#fields.set(name, field);
    }
    kind.addEventListener("change", () => this.#show());
    this.#show();
  }

  #show() {
    const taken = this.#taken[this.#kind.value] ?? [];
    const rows = new Set();
    for (const [name, field] of this.#fields) {
      const foreign = !taken.includes(name);
      const row = field.closest(".form-row");
      // With its help text, and its error, which are beside it.
      const box = field.closest(".fieldBox")?.parentElement ?? row;
      // A field that is disabled is not sent: what was in it is forgotten.
      field.disabled = foreign;
      box.hidden = foreign;
      rows.add(row);
    }
    for (const row of rows) {
      const fields = [...this.#fields.values()].filter((field) => row.contains(field));
      row.hidden = fields.every((field) => field.disabled);
    }
  }
}

function begin(root) {
  for (const kind of root.querySelectorAll("select[data-fault-fields]")) {
    // The form that others are copied from is none itself.
    if (!kind.name.includes("__prefix__")) new FaultForm(kind);
  }
}

begin(document);
document.addEventListener("formset:added", (event) => begin(event.target));
