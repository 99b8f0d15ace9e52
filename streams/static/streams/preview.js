/**
 * Beside the form of a script or stream in the admin: plays what the form holds, as one
 * types. Nothing is stored. A form with a mistake leaves the last good preview, greyed. A
 * session that has ended costs no text: nothing is sent until somebody is signed in again.
 * Without JavaScript none of it is there.
 */

import { onChange } from "./form-changes.js";
import { readEvents } from "./sse.js";

const AFTER_TYPING = 400;

/** For those who want less motion: text comes in pieces, not letter by letter. */
const CALM = 1000;

class Preview {
  #panel;
  #form;
  #parts = {};
  #details;
  #seed = newSeed();
  #abort = new AbortController();
  #typing = 0;
  #heard = false;
  #facts = {};
  #pending = [];
  #fresh = false;
  #drawing = false;
  #lost = "";
  #sure = false;
  #asking = false;

  constructor(panel) {
    this.#panel = panel;
    this.#form = document.getElementById(panel.dataset.form);
    this.#details = panel.querySelector("details");
    for (const name of [
      "lost", "signIn", "changed", "line", "play", "stop", "phase", "stream",
      "promptRow", "prompt", "note", "outdated", "errors", "said",
    ]) {
      const attribute = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      this.#parts[name] = panel.querySelector(`[data-${attribute}]`);
    }
    const { play, stop, stream, prompt } = this.#parts;
    play.addEventListener("click", () => {
      this.#seed = newSeed();
      this.#ask("play");
    });
    stop.addEventListener("click", () => this.#stop());
    stream?.addEventListener("change", () => this.#ask("play"));
    prompt.addEventListener("input", () => this.#changed());
    this.#details.addEventListener("toggle", () => {
      if (!this.#details.open) this.#stop();
    });
    this.#watchForm();
    window.addEventListener("pagehide", () => this.#abort.abort());
    for (const [target, event] of [[window, "focus"], [document, "visibilitychange"]]) {
      target.addEventListener(event, () => {
        if (this.#lost && !document.hidden) this.#checkSession();
      });
    }
    // Where it lies under the form, and over it, it begins small, unless it was asked for.
    if (getComputedStyle(panel.parentElement).display !== "grid") {
      this.#details.open = location.hash === `#${panel.id}`;
    }
    panel.hidden = false;
    this.#ask("plan");
  }

  #watchForm() {
    const changed = () => this.#changed();
    onChange(this.#form, changed);
    document.addEventListener("formset:added", changed);
    document.addEventListener("formset:removed", changed);
    this.#form.addEventListener("submit", (event) => this.#guard(event));
  }

  #changed() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(
      () => this.#ask(this.#details.open ? "play" : "plan"),
      AFTER_TYPING,
    );
  }

  /** Send the form; play what comes, or say what is wrong. */
  async #ask(what) {
    clearTimeout(this.#typing);
    this.#abort.abort();
    const abort = (this.#abort = new AbortController());
    const { stream, prompt, stop } = this.#parts;
    const data = new FormData(this.#form);
    data.set("_preview", what);
    data.set("_seed", this.#seed);
    data.set("_prompt", prompt.value);
    if (stream) data.set("_stream", stream.value);
    if (what === "play") this.#say("waiting");
    stop.disabled = what !== "play";
    const current = () => abort === this.#abort && !abort.signal.aborted;
    try {
      const response = await fetch(this.#panel.dataset.url, {
        method: "POST",
        body: data,
        redirect: "manual",
        signal: abort.signal,
      });
      if (response.type === "opaqueredirect" || response.status === 403) {
        this.#say("");
        // Signed in again elsewhere, the form's token is old: then once more.
        const token = data.get("csrfmiddlewaretoken");
        if (await this.#checkSession()) {
          if (this.#form.elements.csrfmiddlewaretoken.value !== token) this.#ask(what);
          else this.#lose("forbidden");
        }
        return;
      }
      this.#lose("");
      const facts = response.headers.get("X-Stream-Preview");
      if (facts) {
        this.#show(JSON.parse(facts));
        await this.#play(response, current);
      } else if (response.ok) {
        const answer = await response.json();
        if (!current()) return;
        if (answer.errors) this.#refuse(answer);
        else this.#show(answer);
        this.#say("");
      } else throw new Error(`${response.status}`);
    } catch {
      if (!current()) return;
      this.#say("");
      this.#lose("unreachable");
    } finally {
      if (current()) stop.disabled = true;
    }
  }

  #show(facts) {
    const { line, note, promptRow, outdated, errors } = this.#parts;
    this.#facts = facts;
    line.textContent = facts.line;
    note.textContent = facts.note;
    promptRow.hidden = !facts.template;
    this.#warn(facts);
    setText(outdated, "");
    errors.replaceChildren();
    this.#panel.toggleAttribute("data-old", false);
  }

  #refuse(answer) {
    const { line, outdated, errors } = this.#parts;
    this.#warn(answer);
    setText(outdated, this.#heard ? answer.outdated : answer.nothing);
    errors.replaceChildren(
      ...answer.errors.map(({ id, label, text }) => {
        const item = document.createElement("li");
        if (id) {
          const link = document.createElement("a");
          link.href = `#${id}`;
          link.append(label);
          link.addEventListener("click", (event) => {
            event.preventDefault();
            document.getElementById(id)?.focus();
          });
          item.append(link, ": ");
        }
        item.append(text);
        return item;
      }),
    );
    // The old line would not be true.
    line.textContent = "";
    this.#panel.toggleAttribute("data-old", true);
  }

  /** Tell of somebody who saved meanwhile, unless the form does already. */
  #warn({ changed, compare }) {
    const part = this.#parts.changed;
    if (document.querySelector(".conflict")) changed = "";
    if (part.dataset.told === changed) return;
    part.dataset.told = changed;
    part.replaceChildren();
    if (!changed) return;
    part.append(changed);
    const link = document.createElement("a");
    Object.assign(link, { href: compare, target: "_blank", rel: "noopener" });
    link.append(part.dataset.compare);
    part.append(" ", link);
  }

  async #play(response, current) {
    // The old text stays until there is new one.
    this.#fresh = true;
    this.#pending = [];
    this.#heard = true;
    let end = "cut";
    for await (const { event, data } of readEvents(response)) {
      if (!current()) return;
      if (event === "done") end = "done";
      else if (event === "error") {
        end = "failed";
        this.#parts.note.textContent = JSON.parse(data).message;
      } else if (event === "tool") {
        const { name, arguments: values } = JSON.parse(data);
        this.#add("tool", `${name}(${values})`);
      } else if (event === "message" || event === "reasoning") {
        this.#add(event, data);
      } else this.#add("tool", `${event}: ${data}`);
    }
    if (!current()) return;
    this.#draw();
    this.#say(end);
    if (end === "done" && this.#facts.cut) {
      this.#parts.note.textContent = this.#facts.cut;
    }
  }

  #add(kind, text) {
    this.#say("streaming");
    this.#pending.push([kind, text]);
    if (this.#drawing) return;
    this.#drawing = true;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      setTimeout(() => this.#draw(), CALM);
    } else requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = false;
    const { said } = this.#parts;
    const atEnd = said.scrollHeight - said.scrollTop - said.clientHeight < 20;
    if (this.#fresh) said.replaceChildren();
    this.#fresh = false;
    for (const [kind, text] of this.#pending.splice(0)) {
      let last = said.lastElementChild;
      if (last?.className !== kind || kind === "tool") {
        last = document.createElement("span");
        last.className = kind;
        last.append("");
        said.append(last);
      }
      last.firstChild.appendData(text);
    }
    if (atEnd) said.scrollTop = said.scrollHeight;
  }

  #stop() {
    if (this.#parts.stop.disabled) return;
    this.#abort.abort();
    this.#parts.stop.disabled = true;
    this.#draw();
    this.#say("stopped");
  }

  #say(phase) {
    const { phase: part } = this.#parts;
    setText(part, phase ? part.dataset[phase] : "");
  }

  /** Say what stands between the text and the server; nothing if all is well. */
  #lose(what) {
    this.#lost = what;
    const { lost, signIn } = this.#parts;
    setText(lost, what ? lost.dataset[what] : "");
    signIn.hidden = what !== "signedOut";
  }

  /** Look whether somebody is signed in, and take their token for the form. */
  async #checkSession() {
    let response;
    try {
      response = await fetch(this.#panel.dataset.url, { redirect: "manual" });
      if (response.ok) {
        const { token } = await response.json();
        for (const field of document.getElementsByName("csrfmiddlewaretoken")) {
          field.value = token;
        }
      }
    } catch {
      this.#lose("unreachable");
      return false;
    }
    if (response.type === "opaqueredirect") this.#lose("signedOut");
    else if (response.status === 403) this.#lose("forbidden");
    else this.#lose("");
    return !this.#lost;
  }

  /** Save only when it will arrive: a login page in its place would eat the text. */
  async #guard(event) {
    if (this.#sure) return;
    event.preventDefault();
    // Who presses twice saves once.
    if (this.#asking) return;
    this.#asking = true;
    const { submitter } = event;
    const may = await this.#checkSession();
    this.#asking = false;
    if (may) {
      this.#sure = true;
      this.#form.requestSubmit(submitter);
      this.#sure = false;
    } else this.#parts.lost.scrollIntoView({ block: "nearest" });
  }
}

/** The presets of a stream's form, above the fields that they fill. */
class Presets {
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

function setText(part, text) {
  if (part.textContent !== (text ?? "")) part.textContent = text ?? "";
}

function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

for (const box of document.querySelectorAll("[data-presets]")) new Presets(box);
for (const panel of document.querySelectorAll("[data-preview]")) new Preview(panel);
