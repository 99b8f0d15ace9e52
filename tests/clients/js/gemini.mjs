// Google's npm SDK on the Gemini API: what it hears, as JSON.
import { GoogleGenAI } from '@google/genai';

const [base, key] = process.argv.slice(2);
const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: base } });
const contents = 'Hello';
const heard = {};

async function listen(model, config) {
  const chunks = [];
  for await (const chunk of await client.models.generateContentStream({ model, contents, config })) {
    chunks.push({ ...chunk, said: chunk.text ?? '', at: performance.now() / 1000 });
  }
  return chunks;
}
const join = (chunks) => chunks.map((chunk) => chunk.said).join('');
const reason = (chunks) => chunks.at(-1).candidates[0].finishReason;

const streamed = await listen('hostile');
heard.streamed = join(streamed);
heard.whole = (await client.models.generateContent({ model: 'hostile', contents })).text;
heard.usage = [
  streamed.at(-1).usageMetadata,
  (await client.models.generateContent({ model: 'hostile', contents })).usageMetadata,
];

heard.thoughts = (await listen('reasoning')).flatMap((chunk) => chunk.candidates[0].content.parts);
heard.refusal = reason(await listen('refusal'));
heard.cut = reason(await listen('words', { maxOutputTokens: 3 }));
heard.stopped = join(await listen('words', { stopSequences: [' four'] }));
heard.system = (await client.models.generateContent({ model: 'system', contents, config: { systemInstruction: 'Be brief.' } })).text;

// A loop of tools, as one writes it.
const conversation = [{ role: 'user', parts: [{ text: 'Hello' }] }];
heard.calls = [];
for (let round = 0; round < 5; round += 1) {
  const answer = await client.models.generateContent({ model: 'weather', contents: conversation });
  heard.answer = answer.text;
  if (!answer.functionCalls) break;
  heard.calls.push(...answer.functionCalls.map(({ name, args }) => [name, args]));
  conversation.push(answer.candidates[0].content, {
    role: 'user',
    parts: answer.functionCalls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: '-3 °C' } } })),
  });
}

const chat = client.chats.create({ model: 'turns' });
heard.turns = [];
for (const message of ['one', 'two', 'three']) {
  let text = '';
  for await (const chunk of await chat.sendMessageStream({ message })) text += chunk.text ?? '';
  heard.turns.push(text);
}

heard.times = (await listen('paced')).filter((chunk) => chunk.said).map((chunk) => chunk.at);
heard.silent = join(await listen('silent'));
heard.keyed = (await client.models.generateContent({ model: 'keyed', contents })).text;
heard.tokens = (await client.models.countTokens({ model: 'words', contents })).totalTokens;
heard.models = [];
for await (const model of await client.models.list()) heard.models.push(model.name);

heard.errors = [];
for (const model of ['nonesuch', 'limited']) {
  try {
    await listen(model);
  } catch (error) {
    heard.errors.push({ name: error.name, status: error.status, message: error.message });
  }
}
console.log(JSON.stringify(heard));
