/** Make what is shown into what is to be shown, and touch nothing that stays as it is. */

/**
 * @param {Node} parent  whose children are to change
 * @param {number} from  the first of them that may change
 * @param {Node[]} wanted  what is to stand from there on
 */
export function patch(parent, from, wanted) {
  let shown = parent.childNodes[from] ?? null;
  for (const node of wanted) {
    if (shown && becomes(shown, node)) {
      shown = shown.nextSibling;
    } else if (shown) {
      const next = shown.nextSibling;
      shown.replaceWith(node);
      shown = next;
    } else parent.append(node);
  }
  while (shown) {
    const next = shown.nextSibling;
    shown.remove();
    shown = next;
  }
}

function becomes(shown, wanted) {
  if (shown.nodeName !== wanted.nodeName) return false;
  if (shown.nodeType === Node.TEXT_NODE) {
    // A text that grows keeps what somebody selected in it.
    if (wanted.data.startsWith(shown.data)) {
      const more = wanted.data.slice(shown.data.length);
      if (more) shown.appendData(more);
    } else shown.data = wanted.data;
    return true;
  }
  for (const { name } of [...shown.attributes]) {
    if (!wanted.hasAttribute(name)) shown.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  patch(shown, 0, [...wanted.childNodes]);
  return true;
}
