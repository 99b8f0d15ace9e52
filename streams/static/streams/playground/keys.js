/** Single keys, outside of fields; whoever does not want them switches them off. */

import { keep, recall } from "./stored.js";

const BUTTONS = { p: "pause", r: "reconnect", d: "drop", h: "hold", c: "link" };
const VIEWS = { e: "table", b: "bytes", t: "timeline" };
const FIELDS =
  "input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]";
// What Space presses or scrolls.
const PRESSED = "button, a, summary, input, [tabindex]";

/** @param {{ act: (button: string) => void, playOrStop: () => void,
 *   speed: (value: number) => void, view: (name: string) => void }} commands */
export function listenForKeys({ act, playOrStop, speed, view }) {
  const list = document.querySelector("[data-keys]");
  const switched = list.querySelector("[data-keys-on]");
  list.hidden = false;
  switched.checked = recall("keys") !== "off";
  switched.addEventListener("change", () => keep("keys", switched.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    if (!switched.checked || altKey || ctrlKey || metaKey) return;
    if (event.repeat || event.isComposing || target.closest?.(FIELDS)) return;
    if (key === " ") {
      const isPlay = target.matches?.("form[data-playground] [type=submit]");
      if (target.closest?.(PRESSED) && !isPlay) return;
      // Some browsers press a button when the key is let go.
      target.addEventListener("keyup", (up) => up.preventDefault(), { once: true });
      playOrStop();
    } else if (key in BUTTONS) act(BUTTONS[key]);
    else if (key in VIEWS) view(VIEWS[key]);
    else if (/^[1-9]$/.test(key)) speed(Number(key));
    else if (key === "?") list.open = !list.open;
    else return;
    event.preventDefault();
  });
}
