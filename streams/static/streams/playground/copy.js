/** Copy text; return whether that was possible. Without TLS, pages have no clipboard. */
export async function copyText(text) {
  const copied = navigator.clipboard?.writeText(text);
  return (
    (await copied?.then(
      () => true,
      () => false,
    )) ?? false
  );
}

const SAID_FOR = 1500;
const timers = new WeakMap();

/** Let a button say something for a moment, and then its own word again. */
export function sayBriefly(button, said) {
  button.dataset.word ??= button.textContent;
  button.textContent = said;
  clearTimeout(timers.get(button));
  const again = () => (button.textContent = button.dataset.word);
  timers.set(button, setTimeout(again, SAID_FOR));
}

/** Put an address into the address bar, without going there. */
export function showAddress(url) {
  try {
    history.replaceState(null, "", url);
  } catch {
    // WebKit takes a hundred in half a minute; the next one says it all.
  }
}

/**
 * Put a link into the address bar and the clipboard.
 * @param {string} link
 * @param {HTMLButtonElement} button  says for a moment whether that was possible
 * @param {import("./words.js").Words} words
 * @returns {Promise<string>} what it says
 */
export async function copyLink(link, button, words) {
  showAddress(link);
  const said = words.say((await copyText(link)) ? "copied" : "notCopied");
  sayBriefly(button, said);
  return said;
}
