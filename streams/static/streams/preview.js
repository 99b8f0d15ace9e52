/**
 * Beside the form of a script or stream in the admin: plays what the form holds, as one
 * types. Nothing is stored. A form with a mistake leaves the last good preview, greyed. A
 * session that has ended costs no text: nothing is sent until somebody is signed in again.
 * Without JavaScript none of it is there.
 */

import { onChange } from "./form-changes.js";
import { FormSession } from "./form-session.js";
import { Presets } from "./presets.js";
import { Said } from "./said.js";
import { EventStreamError, readEvents } from "./sse.js";

const AFTER_TYPING = 400;

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
  #session;
  #said;
  #isOld = false;
  // Whoever types does not want to hear of each play.
  #isAloud = false;

  constructor(panel) {
    this.#panel = panel;
    this.#form = document.getElementById(panel.dataset.form);
    this.#details = panel.querySelector("details");
    for (const name of [
      "changed", "line", "play", "stop", "phase", "stream", "promptRow", "prompt", "note",
      "outdated", "errors", "aloud",
    ]) {
      const attribute = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      this.#parts[name] = panel.querySelector(`[data-${attribute}]`);
    }
    this.#session = new FormSession(this.#form, panel);
    this.#said = new Said(panel.querySelector("[data-said]"));
    this.#said.mode = "plain";
    const { play, stop, stream, prompt } = this.#parts;
    play.addEventListener("click", () => {
      this.#isAloud = true;
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
  }

  #changed() {
    this.#isAloud = false;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(
      () => this.#ask(this.#details.open ? "play" : "plan"),
      AFTER_TYPING,
    );
  }

  /** Send the form; play what comes, or say what is wrong. */
  async #ask(what, isAgain = false) {
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
        const may = await this.#session.check();
        if (!may || !current()) return;
        // Signed in again elsewhere, the form's token was old: then once more.
        if (isAgain) this.#session.lose("forbidden");
        else this.#ask(what, true);
        return;
      }
      this.#session.lose("");
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
      } else {
        this.#say("");
        this.#session.lose(response.status === 404 ? "gone" : "unreachable");
      }
    } catch {
      if (!current()) return;
      this.#say("");
      this.#session.lose("unreachable");
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
    this.#isOld = true;
    this.#heard = true;
    let end = "cut";
    try {
      for await (const item of readEvents(response)) {
        if (!current()) return;
        end = this.#hear(item) ?? end;
      }
    } catch (error) {
      // What the script drops ends like this, and so does what it breaks on purpose.
      if (error instanceof EventStreamError) throw error;
    }
    if (!current()) return;
    this.#clearOld();
    this.#said.draw();
    this.#say(end);
    if (end === "done" && this.#facts.cut) {
      this.#parts.note.textContent = this.#facts.cut;
    }
  }

  /** Show an event; return the phase that it ends in, if it is the last one. */
  #hear({ event, data }) {
    if (event === "done") return "done";
    if (event === "error") {
      this.#parts.note.textContent = JSON.parse(data).message;
      return "failed";
    }
    if (event === "tool") {
      const { name, arguments: values } = JSON.parse(data);
      this.#add("tool", `${name}(${values})`);
    } else if (event === "message" || event === "reasoning") {
      this.#add(event === "message" ? "" : event, data);
    } else this.#add("tool", `${event}: ${data}`);
    return undefined;
  }

  #add(kind, text) {
    this.#say("streaming");
    this.#clearOld();
    this.#said.append(kind, text);
  }

  #clearOld() {
    if (this.#isOld) this.#said.clear();
    this.#isOld = false;
  }

  #stop() {
    if (this.#parts.stop.disabled) return;
    this.#abort.abort();
    this.#parts.stop.disabled = true;
    this.#said.draw();
    this.#say("stopped");
  }

  #say(phase) {
    const { phase: part, aloud } = this.#parts;
    setText(part, phase ? part.dataset[phase] : "");
    if (phase !== "streaming") setText(aloud, this.#isAloud ? part.textContent : "");
  }
}

function setText(part, text) {
  if (part.textContent !== (text ?? "")) part.textContent = text ?? "";
}

function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

for (const box of document.querySelectorAll("[data-presets]")) new Presets(box);
for (const panel of document.querySelectorAll("[data-preview]")) new Preview(panel);
