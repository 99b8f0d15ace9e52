/**
 * A form that plays an event stream: `<form data-stream="envelope">` (or "plain") with a
 * Stop button, followed by the answer of `streams/_answer.html`. The form's fields become
 * the query; without JavaScript the form opens the stream itself.
 */

import { Said } from "./said.js";

class StreamForm {
  #form;
  #stop;
  #phase;
  #stats;
  #said;
  #words;
  #source = null;
  #url = "";
  #ticking = 0;
  #started = 0;
  #first = 0;
  #events = 0;

  constructor(form, answer) {
    this.#form = form;
    this.#stop = form.querySelector("[data-stop]");
    this.#phase = answer.querySelector("[data-phase]");
    this.#stats = answer.querySelector("[data-stats]");
    this.#said = new Said(answer.querySelector("[data-said]"));
    this.#words = this.#phase.dataset;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#play();
    });
    this.#stop.addEventListener("click", () => this.#end("stopped"));
    window.addEventListener("pagehide", () => this.#source?.close());
  }

  #play() {
    this.#source?.close();
    clearInterval(this.#ticking);
    this.#said.clear();
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) {
      if (value !== "") query.append(name, value);
    }
    this.#url = `${this.#form.getAttribute("action")}?${query}`;
    this.#started = performance.now();
    this.#first = 0;
    this.#events = 0;
    this.#stop.disabled = false;
    this.#said.typing = true;
    this.#show("connecting");
    this.#ticking = setInterval(() => this.#tick(), 100);

    const source = new EventSource(this.#url);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#show(this.#events ? "streaming" : "waiting");
    });
    source.addEventListener("message", (event) => this.#receive("", this.#text(event)));
    source.addEventListener("reasoning", (event) => {
      this.#receive("reasoning", this.#text(event));
    });
    source.addEventListener("tool", (event) => {
      const tool = JSON.parse(this.#text(event));
      this.#receive("tool", `${tool.name}(${tool.arguments})`);
    });
    source.addEventListener("reset", () => this.#said.clear());
    source.addEventListener("done", () => this.#end("done"));
    source.addEventListener("error", (event) => {
      if (source !== this.#source) return;
      if (event.data) this.#fail(this.#message(event.data));
      else if (source.readyState === EventSource.CLOSED) this.#askWhy();
      else this.#show("reconnecting");
    });
  }

  #text(event) {
    return this.#form.dataset.stream === "envelope"
      ? JSON.parse(event.data).event.data
      : event.data;
  }

  /** `kind` is empty for the answer, whose text stands by itself. */
  #receive(kind, text) {
    if (!this.#events) {
      this.#first = performance.now();
      this.#show("streaming");
    }
    this.#events += 1;
    this.#said.append(kind, text);
  }

  #end(phase, detail = "") {
    this.#source?.close();
    this.#source = null;
    clearInterval(this.#ticking);
    this.#said.draw();
    this.#tick();
    this.#said.typing = false;
    this.#stop.disabled = true;
    this.#show(phase, detail);
  }

  #fail(detail) {
    this.#end("failed", detail);
  }

  /** A browser does not say why a stream was refused; a fetch of the same URL does. */
  async #askWhy() {
    const source = this.#source;
    source.close();
    let detail = "";
    try {
      const abort = new AbortController();
      const response = await fetch(this.#url, { signal: abort.signal });
      if (!response.ok) {
        detail = this.#message(await response.text()) || `HTTP ${response.status}`;
      }
      abort.abort();
    } catch {
      detail = this.#words.unreachable;
    }
    if (source === this.#source) this.#fail(detail);
  }

  #message(body) {
    try {
      const answer = JSON.parse(body);
      return answer.detail ?? answer.message ?? body;
    } catch {
      return "";
    }
  }

  #show(phase, detail = "") {
    this.#phase.dataset.phase = phase;
    const words = this.#words[phase];
    this.#phase.textContent = detail ? `${words}: ${detail}` : words;
  }

  #tick() {
    const seconds = (ms) => this.#words.seconds.replace("0", (ms / 1000).toFixed(1));
    const parts = [seconds(performance.now() - this.#started)];
    if (this.#events) {
      parts.push(this.#words.counted.replace("0", this.#events));
      parts.push(this.#words.first.replace("0", seconds(this.#first - this.#started)));
    }
    this.#stats.textContent = parts.join(" · ");
  }
}

for (const form of document.querySelectorAll("form[data-stream]")) {
  new StreamForm(form, document.getElementById(form.dataset.answer));
}
