/** What somebody prefers, kept in their browser where that is allowed. */

const PREFIX = "streams-";

export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Until the page is closed, then.
  }
}
