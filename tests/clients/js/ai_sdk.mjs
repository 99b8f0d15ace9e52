// The AI SDK's UI message streams without a page: what its transport hears, as JSON.
import { asSchema, callCompletionApi, DefaultChatTransport, readUIMessageStream, uiMessageChunkSchema } from 'ai';

const [base, key] = process.argv.slice(2);
const HELLO = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };
const heard = {};

function transport(slug, options) {
  return new DefaultChatTransport({ api: `${base}/streams/${slug}/events?format=ai-sdk`, ...options });
}

async function send(slug, { messages = [HELLO], ...options } = {}) {
  const stream = await transport(slug, options).sendMessages({
    chatId: 'chat', messages, trigger: 'submit-message', messageId: undefined, abortSignal: undefined,
  });
  const [chunks, copy] = stream.tee();
  const all = Array.fromAsync(chunks);
  const errors = [];
  let message;
  for await (const one of readUIMessageStream({
    stream: copy,
    message: messages.at(-1).role === 'assistant' ? structuredClone(messages.at(-1)) : undefined,
    onError: (error) => errors.push(error.message),
  })) message = one;
  return { message, chunks: await all, errors };
}

const text = (message) => message.parts.filter((part) => part.type === 'text').map((part) => part.text).join('');

heard.hostile = await send('hostile');
heard.reasoning = await send('reasoning');
heard.refusal = await send('refusal');
heard.named = await send('named');
heard.filtered = await send('filtered');
heard.limited = await send('limited');
heard.keyed = text((await send('keyed', { headers: { Authorization: `Bearer ${key}` } })).message);

// A back end's side of a tool loop, told step by step.
const loop = [structuredClone(HELLO)];
for (let round = 0; round < 5; round++) {
  const { message } = await send('weather', { messages: loop });
  if (loop.at(-1).role === 'assistant') loop.pop();
  loop.push(message);
  const open = message.parts.filter((part) => part.state === 'input-available');
  if (!open.length) break;
  open.forEach((part, index) => Object.assign(part, index
    ? { state: 'output-error', errorText: 'no clock' }
    : { state: 'output-available', output: { celsius: -3 } }));
}
heard.loop = loop;

// Where a page is told to send the last message only, or asks for one completion.
const prepareSendMessagesRequest = ({ messages, id }) => ({ body: { id, message: messages.at(-1) } });
heard.last = text((await send('turns', { prepareSendMessagesRequest })).message);
let completion;
await callCompletionApi({
  api: `${base}/streams/turns/events?format=ai-sdk`, prompt: 'Hi', body: {}, credentials: undefined, headers: {},
  setCompletion: (value) => { completion = value; }, setLoading() {}, setError() {}, setAbortController() {},
});
heard.completion = completion;
heard.system = text((await send('system', {
  messages: [{ id: 's', role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] }, HELLO],
})).message);

// Every chunk of every stream, against the schema of the SDK.
const { validate } = asSchema(uiMessageChunkSchema);
heard.invalid = [];
for (const { chunks } of Object.values(heard).filter((value) => value.chunks)) {
  for (const chunk of chunks) if (!(await validate(chunk)).success) heard.invalid.push(chunk);
}

heard.times = [];
const paced = await transport('paced').sendMessages({ chatId: 'chat', messages: [HELLO], trigger: 'submit-message' });
for await (const chunk of paced) if (chunk.type === 'text-delta') heard.times.push(performance.now() / 1000);

heard.resumed = await transport('hostile').reconnectToStream({ chatId: 'a/b' });

heard.errors = {};
for (const [name, slug, options] of [
  ['unknown', 'nonesuch', {}],
  ['keyed', 'keyed', {}],
  ['message', 'hostile', { messages: [{ id: '1', role: 'user', content: 'Hello' }] }],
  ['part', 'hostile', { messages: [{ id: '1', role: 'user', parts: [{ text: 'Hello' }] }] }],
  ['empty', 'hostile', { prepareSendMessagesRequest: () => ({ body: { messages: [] } }) }],
]) {
  try {
    await send(slug, options);
  } catch (error) {
    heard.errors[name] = [error.name, error.statusCode, error.message];
  }
}
console.log(JSON.stringify(heard));
