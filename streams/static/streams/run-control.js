/**
 * The page of a run that plays: its buttons work without leaving the page, and what it
 * says of the run is brought up to date while somebody looks. Boundaries are spoken,
 * figures are not. Without JavaScript, the buttons open the page again.
 */

const EVERY = 2000;
const AFTER_FAILURE = 10000;

class RunControl {
  #section;
  #text;
  #said;
  #failed;
  #reload;
  #timer = 0;

  constructor(section) {
    this.#section = section;
    this.#text = section.querySelector("[data-text]");
    this.#said = section.querySelector("[data-said]");
    this.#failed = section.querySelector("[data-failed]");
    this.#reload = section.querySelector("[data-reload]");
    for (const form of section.querySelectorAll("form")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#send(form);
      });
    }
    document.addEventListener("visibilitychange", () => this.#look());
    if (section.dataset.state === "over") this.#end();
    this.#wait(EVERY);
  }

  async #send(form) {
    this.#say("");
    const answer = await this.#ask(form.action, {
      method: "POST",
      body: new FormData(form),
    });
    if (answer === null) return;
    this.#show(answer, answer.message);
    if (!answer.done) this.#fail(answer.message);
    this.#wait(EVERY / 4);
  }

  async #look() {
    if (document.hidden || this.#section.dataset.state === "over") return;
    const answer = await this.#ask(this.#section.dataset.live, {});
    if (answer !== null) this.#show(answer, answer.text);
    this.#wait(answer === null ? AFTER_FAILURE : EVERY);
  }

  async #ask(url, options) {
    try {
      const headers = { Accept: "application/json" };
      const response = await fetch(url, { ...options, headers });
      if (!response.ok) throw new Error(response.statusText);
      const answer = await response.json();
      this.#fail("");
      return answer;
    } catch {
      this.#fail(this.#section.dataset.lost);
      return null;
    }
  }

  /** Show how far the run is; say it, too, where that is something else than before. */
  #show(answer, words) {
    const before = this.#section.dataset.state;
    this.#section.dataset.state = answer.state;
    this.#text.textContent = answer.text;
    if (answer.state === "over") this.#end();
    if (answer.message ? answer.done : answer.state !== before) this.#say(words);
  }

  #end() {
    this.#reload.hidden = false;
    for (const button of this.#section.querySelectorAll(".button")) {
      button.setAttribute("aria-disabled", "true");
    }
  }

  #say(words) {
    this.#said.textContent = words;
  }

  #fail(words) {
    if (this.#failed.textContent !== words) this.#failed.textContent = words;
  }

  #wait(milliseconds) {
    clearTimeout(this.#timer);
    if (this.#section.dataset.state !== "over") {
      this.#timer = setTimeout(() => this.#look(), milliseconds);
    }
  }
}

/** Speak what the page was opened with: a live region says only what changes in it. */
function speakMessages() {
  const messages = document.querySelectorAll(".messagelist li");
  const region = document.createElement("p");
  region.className = "visually-hidden";
  region.setAttribute("role", "status");
  document.body.append(region);
  const words = [...messages].map((message) => message.textContent.trim());
  if (words.length) setTimeout(() => (region.textContent = words.join(" ")), 500);
}

speakMessages();
for (const section of document.querySelectorAll("[data-run-control]")) {
  new RunControl(section);
}
