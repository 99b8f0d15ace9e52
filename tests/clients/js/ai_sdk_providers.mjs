// The AI SDK's providers for OpenAI's APIs: what generateText and streamText hear, as JSON.
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, isStepCount, jsonSchema, streamText, tool } from 'ai';

globalThis.AI_SDK_LOG_WARNINGS = false;
const [base, which] = process.argv.slice(2);
const options = { baseURL: `${base}/v1`, apiKey: 'any' };
const openai = createOpenAI(options);
const compatible = createOpenAICompatible({ name: 'streams', includeUsage: true, ...options });
const model = {
  chat: (name) => openai.chat(name),
  responses: (name) => openai(name),
  compatible: (name) => compatible(name),
}[which];

const prompt = 'Hello';
const ran = [];
const answering = (name, answer) => tool({
  inputSchema: jsonSchema({ type: 'object' }),
  execute: (input) => { ran.push([name, input]); return answer; },
});
const tools = { get_weather: answering('get_weather', { celsius: -3 }), get_time: answering('get_time', '12:00') };
// Of a model that it does not know, the provider has to be told that it reasons.
const summarised = which === 'responses' ? { openai: { forceReasoning: true, reasoningSummary: 'auto' } } : undefined;
const heard = {};

async function streamed(name, more) {
  const errors = [];
  const result = streamText({ model: model(name), prompt, onError: ({ error }) => errors.push(error), ...more });
  let text = '';
  const times = [];
  for await (const delta of result.textStream) {
    text += delta;
    times.push(performance.now() / 1000);
  }
  if (errors.length) return { text, error: errors[0].message };
  return { text, times, reasoning: await result.reasoningText, finish: await result.finishReason, usage: await result.totalUsage };
}

async function whole(name, more) {
  const { text, reasoningText: reasoning, finishReason: finish, totalUsage: usage } =
    await generateText({ model: model(name), prompt, ...more });
  return { text, reasoning, finish, usage };
}

// One stream has the only place until it ends: the SDK asks again when the server says.
async function askAgain() {
  const abort = new AbortController();
  const first = streamText({ model: model('busy'), prompt, abortSignal: abort.signal, onError() {} });
  const reader = first.textStream[Symbol.asyncIterator]();
  await reader.next();
  const started = performance.now();
  const answer = whole('busy', { maxOutputTokens: 1, maxRetries: 1 });
  setTimeout(() => abort.abort(), 1000);
  return [(await answer).text[0], (performance.now() - started) / 1000];
}
const again = which === 'chat' ? askAgain() : undefined;

for (const [name, more] of [
  ['hostile', {}], ['reasoning', { providerOptions: summarised }], ['refusal', {}], ['filtered', {}], ['paced', {}],
  ['words', { maxOutputTokens: 3 }], ['system', { instructions: 'Be brief.' }],
]) heard[name] = { streamed: await streamed(name, more), whole: await whole(name, more) };

heard.limited = await streamed('limited', {});
heard.tools = {
  streamed: await streamed('weather', { tools, stopWhen: isStepCount(5) }),
  whole: await whole('weather', { tools, stopWhen: isStepCount(5) }),
  ran,
};

heard.errors = {};
for (const name of ['nonesuch', 'keyed']) {
  try {
    await whole(name, { maxRetries: 0 });
  } catch (error) {
    heard.errors[name] = [APICallError.isInstance(error), error.statusCode, error.message];
  }
}

heard.again = await again;
console.log(JSON.stringify(heard));
