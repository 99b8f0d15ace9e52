/** Single keys, outside of fields; whoever does not want them switches them off. */

const BUTTONS = { p: "pause", r: "reconnect", d: "drop", h: "hold", c: "link" };
const FIELDS = "input, select, textarea, [contenteditable]";
// What Space presses or scrolls.
const PRESSED = "button, a, summary, [tabindex]";
const STORED = "streams-keys";

/** @param {{ act: (button: string) => void, playOrStop: () => void,
 *   speed: (value: number) => void }} commands */
export function listenForKeys({ act, playOrStop, speed }) {
  const list = document.querySelector("[data-keys]");
  const switched = list.querySelector("[data-keys-on]");
  list.hidden = false;
  switched.checked = stored() !== "off";
  switched.addEventListener("change", () => store(switched.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    if (!switched.checked || altKey || ctrlKey || metaKey) return;
    if (event.repeat || event.isComposing || target.closest?.(FIELDS)) return;
    if (key === " ") {
      if (target.closest?.(PRESSED)) return;
      playOrStop();
    } else if (key in BUTTONS) act(BUTTONS[key]);
    else if (/^[1-9]$/.test(key)) speed(Number(key));
    else if (key === "?") list.open = !list.open;
    else return;
    event.preventDefault();
  });
}

// Where storage is forbidden, keys are on.
function stored() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function store(value) {
  try {
    localStorage.setItem(STORED, value);
  } catch {
    // Until the page is closed, then.
  }
}
