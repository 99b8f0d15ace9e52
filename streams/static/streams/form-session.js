/**
 * Whether what a form holds would arrive: a login page in its place would eat the text. It
 * stays in the page, which says what stands between it and the server.
 */

/** Milliseconds; who presses Save is told then, and can press it again. */
const LONGEST_WAIT = 10_000;

export class FormSession {
  #form;
  #url;
  #lost;
  #signIn;
  #isSure = false;
  #isAsking = false;

  /**
   * @param {HTMLFormElement} form  is sent only when it will arrive
   * @param {HTMLElement} panel  has the URL that tells, and the words
   */
  constructor(form, panel) {
    this.#form = form;
    this.#url = panel.dataset.url;
    this.#lost = panel.querySelector("[data-lost]");
    this.#signIn = panel.querySelector("[data-sign-in]");
    form.addEventListener("submit", (event) => this.#guard(event));
    for (const [target, event] of [[window, "focus"], [document, "visibilitychange"]]) {
      target.addEventListener(event, () => {
        if (this.#lost.textContent && !document.hidden) this.check();
      });
    }
  }

  /**
   * Say what stands between the text and the server; nothing if all is well.
   * @param {"" | "signedOut" | "forbidden" | "gone" | "unreachable"} what
   */
  lose(what) {
    const words = this.#lost.dataset[what] ?? "";
    // Said once, however often it is found out.
    if (this.#lost.textContent !== words) this.#lost.textContent = words;
    this.#signIn.hidden = what !== "signedOut";
  }

  /**
   * Look whether somebody is signed in, and take their token for the form.
   * @returns {Promise<boolean>}
   */
  async check() {
    const what = await this.#ask();
    this.lose(what);
    return !what;
  }

  async #ask() {
    try {
      const response = await fetch(this.#url, {
        redirect: "manual",
        signal: AbortSignal.timeout(LONGEST_WAIT),
      });
      if (response.type === "opaqueredirect") return "signedOut";
      if (response.status === 403) return "forbidden";
      if (response.status === 404) return "gone";
      if (!response.ok) return "unreachable";
      const { token } = await response.json();
      for (const field of document.getElementsByName("csrfmiddlewaretoken")) {
        field.value = token;
      }
      return "";
    } catch {
      return "unreachable";
    }
  }

  async #guard(event) {
    if (this.#isSure) return;
    event.preventDefault();
    // Who presses twice saves once.
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { submitter } = event;
    const may = await this.check();
    this.#isAsking = false;
    if (may) {
      this.#isSure = true;
      this.#form.requestSubmit(submitter);
      this.#isSure = false;
    } else this.#lost.scrollIntoView({ block: "nearest" });
  }
}
