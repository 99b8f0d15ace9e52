/** The program that plays the stream as its form is set. The server writes it. */

import { copyText, sayBriefly } from "./copy.js";
import { sentence } from "./words.js";

// Milliseconds in which the next key may come.
const SETTLES = 250;

class Snippets {
  #form;
  #words;
  #client;
  #program;
  #problem;
  #copy;
  #asked = "{}";
  #settling = 0;
  #asking = new AbortController();

  constructor(section, form) {
    const find = (selector) => section.querySelector(selector);
    this.#form = form;
    this.#words = section.dataset;
    this.#client = find("select");
    this.#program = find("[data-program]");
    this.#problem = find("[data-problem]");
    this.#copy = find("[data-copy]");
    this.#copy.disabled = !this.#program.textContent;
    for (const part of section.querySelectorAll("[data-choice]")) part.hidden = false;
    this.#client.addEventListener("change", () => this.#show());
    this.#copy.addEventListener("click", () => this.#copyIt());
    form.addEventListener("settings-changed", ({ detail }) => this.#change(detail));
  }

  /** Take over what a play would ask for, once that stays as it is. */
  #change(parameters) {
    const asked = JSON.stringify(parameters);
    if (asked === this.#asked) return;
    this.#asked = asked;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#show(), SETTLES);
  }

  async #show() {
    clearTimeout(this.#settling);
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const wrong = this.#form.querySelector("input:invalid");
    if (wrong) {
      this.#say(null, `${wrong.labels[0].textContent}: ${wrong.validationMessage}`);
      return;
    }
    let why;
    try {
      const url = this.#words.address.replace("CLIENT", this.#client.value);
      const response = await fetch(url, {
        // So that no log of addresses has the prompt.
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: this.#asked,
        // No page for signing in.
        redirect: "manual",
        signal,
      });
      const text = await response.text();
      if (signal.aborted) return;
      if (response.ok) return this.#say(text, "");
      why = sentence(text) || this.#unreachable(`HTTP ${response.status || 302}`);
    } catch (error) {
      if (signal.aborted) return;
      why = this.#unreachable(error.message);
    }
    this.#say(null, why);
  }

  /** Show a program; or, with what is wrong, the last one as such. */
  #say(program, problem) {
    if (program !== null) this.#program.textContent = program;
    this.#program.toggleAttribute("data-outdated", program === null);
    this.#copy.disabled = program === null;
    this.#problem.textContent = problem;
    this.#problem.hidden = !problem;
  }

  #unreachable(why) {
    return this.#words.unreachable.replace("[why]", why);
  }

  async #copyIt() {
    const copied = await copyText(this.#program.textContent);
    if (!copied) getSelection().selectAllChildren(this.#program);
    const said = copied ? this.#words.copied : this.#words.selected;
    sayBriefly(this.#copy, said);
    // The page has one place from which it is read aloud.
    document.querySelector("[role=status]")?.replaceChildren(said);
  }
}

new Snippets(
  document.querySelector("[data-snippets]"),
  document.querySelector("form[data-playground]"),
);
