// A page with useChat in React, on jsdom: what its reader sees, as JSON.
import { JSDOM } from 'jsdom';

const [base] = process.argv.slice(2);
const { window } = new JSDOM('<main></main>', { url: `${base}/` });
Object.assign(globalThis, { window, document: window.document });
// As in a page, addresses are relative to it.
const { fetch } = globalThis;
globalThis.fetch = (url, options) => fetch(new URL(url, window.location.href), options);

const { createElement: h } = await import('react');
const { createRoot } = await import('react-dom/client');
const { useChat, useCompletion } = await import('@ai-sdk/react');
const { DefaultChatTransport, lastAssistantMessageIsCompleteWithToolCalls } = await import('ai');

const main = document.querySelector('main');

// Show a component; return the value of its hook, always the newest, and what was seen.
function show(hook, view) {
  const shown = { seen: [] };
  const root = createRoot(main);
  function Page() {
    shown.now = hook();
    return view(shown.now);
  }
  const observer = new window.MutationObserver(() => shown.seen.push([performance.now() / 1000, main.textContent]));
  observer.observe(main, { childList: true, characterData: true, subtree: true });
  root.render(h(Page));
  shown.close = () => { observer.disconnect(); root.unmount(); };
  return shown;
}

async function until(condition, what) {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what ?? condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function chat(options) {
  return show(() => useChat(options), ({ messages }) => messages.map((message) =>
    h('p', { key: message.id, className: message.role }, message.parts.map((part, index) =>
      part.type === 'text' ? h('span', { key: index }, part.text) : null))));
}

const at = (slug) => new DefaultChatTransport({ api: `/streams/${slug}/events?format=ai-sdk` });
const answers = () => [...document.querySelectorAll('.assistant')].map((element) => element.textContent);
const heard = {};

async function say(page, text) {
  await until(() => page.now, 'the first render');
  await page.now.sendMessage({ text });
  await until(() => ['ready', 'error'].includes(page.now.status), 'the answer');
}

// With nothing said at all, the hook posts to /api/chat.
for (const [name, options] of [['hostile', { transport: at('hostile') }], ['byDefault', {}]]) {
  const page = chat(options);
  await say(page, 'Hello');
  heard[name] = answers();
  page.close();
}

{
  const page = chat({ transport: new DefaultChatTransport({ body: { model: 'turns' } }) });
  for (const text of ['one', 'two', 'three']) await say(page, text);
  await page.now.regenerate();
  await until(() => page.now.status === 'ready');
  heard.turns = answers();
  page.close();
}

{
  const page = chat({
    transport: at('weather'),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
    onToolCall({ toolCall }) {
      page.now.addToolOutput({ tool: toolCall.toolName, toolCallId: toolCall.toolCallId, output: { ran: toolCall.input } });
    },
  });
  await until(() => page.now);
  await page.now.sendMessage({ text: 'Cold?' });
  await until(() => page.now.status === 'ready' && answers().at(-1)?.endsWith('noon.'), 'the last round');
  heard.tools = { messages: page.now.messages, answers: answers() };
  page.close();
}

{
  const page = chat({ transport: at('paced'), resume: true });
  await until(() => page.now);
  await new Promise((resolve) => setTimeout(resolve, 100));
  heard.resumed = [page.now.status, page.now.error?.message];
  await say(page, 'Hello');
  heard.paced = page.seen.map(([time, text]) => [time, text.replace('Hello', '')]).filter(([, text]) => text);
  void page.now.sendMessage({ text: 'again' });
  await until(() => answers().length === 2 && answers()[1].length > 2, 'some of the second answer');
  await page.now.stop();
  await until(() => page.now.status === 'ready');
  heard.stopped = answers()[1];
  page.close();
}

heard.errors = {};
for (const slug of ['nonesuch', 'limited']) {
  const page = chat({ transport: at(slug) });
  await say(page, 'Hello');
  await until(() => page.now.error);
  heard.errors[slug] = [page.now.status, page.now.error.message];
  page.close();
}

{
  const page = show(() => useCompletion(), ({ completion }) => h('p', null, completion));
  await until(() => page.now);
  await page.now.complete('Hello');
  await until(() => !page.now.isLoading);
  heard.completion = main.textContent;
  page.close();
}
window.close();
console.log(JSON.stringify(heard));
