/** How rendered text looks, in a page and in an element, with the variables of either. */

const CSS = `
.rendered { white-space: normal; }
.rendered:not(:first-child) { margin-block-start: 0.65em; }
/* Boxes stand for themselves, and those that are whole and out of sight cost nothing. */
.rendered > div { display: flow-root; }
.rendered > div:not(:last-child) {
  content-visibility: auto;
  contain-intrinsic-size: auto 100em;
  /* For the numbers of lists. */
  overflow-clip-margin: 2em;
}
.rendered pre > code:not(:last-child) {
  content-visibility: auto;
  contain-intrinsic-size: auto 30em auto 100em;
}
.rendered :is(p, ul, ol, pre, blockquote), .rendered .table { margin: 0.65em 0; }
.rendered :is(h3, h4, h5, h6) { margin: 1.1em 0 0.4em; font-weight: 650; line-height: 1.3; }
.rendered h3 { font-size: 1.3em; }
.rendered h4 { font-size: 1.15em; }
.rendered h5 { font-size: 1em; }
.rendered h6 { font-size: 0.9em; color: var(--stream-quiet, light-dark(#5b6470, #a0a9b4)); }
.rendered :is(ul, ol) { padding-inline-start: 1.6em; }
.rendered [data-far] { padding-inline-start: max(1.6em, 5.5ch); }
.rendered li > :is(p, ul, ol) { margin: 0.15em 0; }
.rendered [data-loose] > li > * { margin: 0.65em 0; }
.rendered [data-goes-on], .rendered [data-goes-on] > li:first-child > :first-child {
  margin-block-start: 0;
}
.rendered li[data-task] { list-style: none; }
.rendered .task { margin-inline-start: -1.4em; }
.rendered .html { white-space: pre-wrap; }
.rendered :is(code, .html) {
  font-family: var(--stream-mono, ui-monospace, "SFMono-Regular", "Noto Sans Mono", monospace);
  font-size: 0.9em;
}
.rendered code {
  padding: 0.1em 0.3em;
  border-radius: 0.3em;
  background: var(--stream-bg, light-dark(#f0f2f5, #14171b));
}
.rendered pre {
  padding: 0.65em 0.9em;
  border: 1px solid var(--stream-line, light-dark(#d5dae1, #3a414a));
  border-radius: 0.5em;
  background: var(--stream-bg, light-dark(#f6f7f9, #14171b));
  overflow-x: auto;
  overflow-wrap: normal;
  white-space: pre;
}
.rendered pre > code { display: block; width: max-content; min-width: 100%; padding: 0; border-radius: 0; background: none; font-size: 0.875em; }
.rendered pre[data-language]::before {
  content: attr(data-language);
  display: block;
  margin-block-end: 0.35em;
  color: var(--stream-quiet, light-dark(#5b6470, #a0a9b4));
  font: 0.8em var(--stream-font, system-ui, sans-serif);
}
.rendered blockquote {
  padding-inline-start: 0.9em;
  border-inline-start: 3px solid var(--stream-line, light-dark(#d5dae1, #3a414a));
}
.rendered > div:first-child > :first-child, .rendered blockquote > :first-child {
  margin-block-start: 0;
}
.rendered > div > :last-child, .rendered blockquote > :last-child {
  margin-block-end: 0;
}
.rendered hr {
  margin: 1.2em 0;
  border: 0;
  border-block-start: 1px solid var(--stream-line, light-dark(#d5dae1, #3a414a));
}
.rendered a { color: var(--stream-accent, light-dark(#1a5fb4, #8ab8f5)); }
/* It scrolls by itself, so its words may be as long as they are. */
.rendered .table { overflow-x: auto; overflow-wrap: break-word; }
.rendered table { border-collapse: collapse; }
.rendered :is(th, td) {
  padding: 0.3em 0.65em;
  border: 1px solid var(--stream-line, light-dark(#d5dae1, #3a414a));
  text-align: start;
  vertical-align: top;
}
.rendered [data-align="left"] { text-align: left; }
.rendered [data-align="center"] { text-align: center; }
.rendered [data-align="right"] { text-align: right; }

/* What types stands behind the last word, wherever that is. */
[data-typing][data-rendered]::after { content: none; }
[data-typing] > .rendered:last-child:empty::after,
[data-typing] > .rendered:last-child > div:last-child :is(
  div > :is(p, h3, h4, h5, h6):last-child,
  div > pre:last-child > code:last-child,
  div > blockquote:last-child > p:last-child,
  div > :is(ul, ol):last-child > li:last-child > p:last-child,
  div > :last-child > li:last-child > :is(ul, ol):last-child > li:last-child > p:last-child
)::after {
  content: "▌";
  color: var(--stream-accent, light-dark(#1a5fb4, #8ab8f5));
  animation: typing 1s steps(2, jump-none) infinite;
}
@keyframes typing { 50% { opacity: 0; } }
@media (prefers-reduced-motion: reduce) {
  .rendered *::after { animation: none !important; }
}
`;

export const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS);
