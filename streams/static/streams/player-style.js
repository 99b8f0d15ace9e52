/** How a <stream-player> looks, unless its page says otherwise. */

const CSS = `
:host {
  display: block;
  position: relative;
  background: var(--stream-surface, light-dark(#ffffff, #1d2126));
  color: var(--stream-text, light-dark(#1c2024, #e6e9ed));
  border: 1px solid var(--stream-line, light-dark(#d5dae1, #3a414a));
  border-radius: var(--stream-radius, 0.75rem);
  font: 1rem/1.6 var(--stream-font, system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif);
}
:host([hidden]), [hidden] { display: none !important; }
/* Without it, the page's own color-scheme counts. */
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }

[part="bar"] {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem;
  align-items: center;
  padding: 0.5rem;
  border-block-end: 1px solid var(--stream-line, light-dark(#d5dae1, #3a414a));
}
[part="bar"].quiet {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  padding: 0;
  border: 0;
  overflow: hidden;
  clip-path: inset(50%);
}
[part~="button"] {
  min-block-size: 2.75rem;
  padding: 0 0.9rem;
  border: 1px solid var(--stream-line, light-dark(#d5dae1, #3a414a));
  border-radius: calc(var(--stream-radius, 0.75rem) * 0.66);
  background: none;
  color: inherit;
  font: inherit;
  cursor: pointer;
}
[part~="play"] {
  background: var(--stream-accent, light-dark(#1a5fb4, #8ab8f5));
  border-color: transparent;
  color: var(--stream-on-accent, light-dark(#ffffff, #10243d));
  font-weight: 600;
}
[part~="button"][aria-disabled="true"] { opacity: 0.55; cursor: default; }
:focus-visible {
  outline: 3px solid var(--stream-accent, light-dark(#1a5fb4, #8ab8f5));
  outline-offset: 2px;
}

[part="status"] {
  margin: 0 0.25rem 0 auto;
  color: var(--stream-quiet, light-dark(#5b6470, #a0a9b4));
  font-size: 0.9rem;
  font-variant-numeric: tabular-nums;
}
[part="status"]::before { content: "○"; display: inline-block; inline-size: 1.4em; }
[part="status"][data-phase="connecting"]::before,
[part="status"][data-phase="reconnecting"]::before { content: "◌"; }
[part="status"][data-phase="streaming"]::before { content: "▶"; }
[part="status"][data-phase="done"]::before { content: "✓"; }
[part="status"][data-phase="stopped"]::before { content: "■"; }
[part="status"][data-phase="failed"]::before { content: "✕"; }
[part="status"][data-phase="done"] { color: var(--stream-good, light-dark(#1d6f42, #7fd3a1)); }
[part="status"][data-phase="failed"] { color: var(--stream-bad, light-dark(#b3261e, #ff9b94)); }

[part="text"], [part="fallback"] {
  min-block-size: var(--stream-min-height, 4.8em);
  max-block-size: var(--stream-max-height, none);
  box-sizing: border-box;
  padding: 0.75rem 1rem;
  overflow-y: auto;
  overflow-wrap: anywhere;
}
[part="text"] { white-space: pre-wrap; }
[part="reasoning"] {
  color: var(--stream-quiet, light-dark(#5b6470, #a0a9b4));
  font-style: italic;
}
[part="tool"] {
  display: block;
  margin: 0.25rem 0;
  padding: 0.25rem 0.5rem;
  border-inline-start: 3px solid var(--stream-accent, light-dark(#1a5fb4, #8ab8f5));
  font: 0.875em var(--stream-mono, ui-monospace, "SFMono-Regular", "Noto Sans Mono", monospace);
}
[part="text"][data-typing]::after {
  content: "▌";
  color: var(--stream-accent, light-dark(#1a5fb4, #8ab8f5));
  animation: blink 1s steps(2, jump-none) infinite;
}
@keyframes blink { 50% { opacity: 0; } }
@media (prefers-reduced-motion: reduce) {
  [part="text"][data-typing]::after { animation: none; }
}

[part="error"] {
  margin: 0;
  padding: 0.5rem 1rem;
  color: var(--stream-bad, light-dark(#b3261e, #ff9b94));
  overflow-wrap: anywhere;
}
[part="error"]:empty { padding: 0; }
`;

export const sheet = new CSSStyleSheet();
// No <style>: a strict Content-Security-Policy has no objection to this.
sheet.replaceSync(CSS);
