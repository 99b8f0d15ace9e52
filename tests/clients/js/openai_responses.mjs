// OpenAI's npm SDK on Responses: what it hears, as JSON.
import OpenAI from 'openai';

const [base] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'any' });
const input = 'Hello';
const heard = {};

let text = '';
for await (const event of await client.responses.create({ model: 'hostile', input, stream: true })) {
  if (event.type === 'response.output_text.delta') text += event.delta;
}
heard.streamed = text;
heard.whole = (await client.responses.create({ model: 'hostile', input })).output_text;

const outline = (response) =>
  response.output.map((item) => item.name ?? item.content?.[0]?.text ?? item.content?.[0]?.refusal ?? item.summary[0].text);
const helped = async (params) => {
  const helper = client.responses.stream({ input, ...params });
  const deltas = [];
  helper.on('response.output_text.delta', (event) => deltas.push(event.snapshot));
  const final = await helper.finalResponse();
  return { status: final.status, output: outline(final), text: final.output_text, snapshot: deltas.at(-1) ?? null };
};
heard.weather = await helped({ model: 'weather' });
heard.reasoning = await helped({ model: 'reasoning' });
heard.summary = await helped({ model: 'reasoning', reasoning: { summary: 'auto' } });
heard.refusal = await helped({ model: 'refusal' });
heard.limited = await helped({ model: 'words', max_output_tokens: 2 });

// A tool loop, remembered by the server.
const first = await client.responses.create({ model: 'weather', input });
const calls = first.output.filter((item) => item.type === 'function_call');
const second = await client.responses.create({
  model: 'weather',
  previous_response_id: first.id,
  input: calls.map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: '-3 °C' })),
});
heard.loop = outline(second);
heard.items = [];
for await (const item of client.responses.inputItems.list(second.id, { order: 'asc', limit: 2 })) heard.items.push(item.type);

// In the background: cut, and resumed after the last event that was seen.
const seen = [];
let id;
const stream = await client.responses.create({ model: 'paced', input, background: true, stream: true });
for await (const event of stream) {
  id ??= event.response.id;
  seen.push(event);
  if (seen.filter((one) => one.type === 'response.output_text.delta').length === 3) break;
}
heard.during = (await client.responses.retrieve(id)).status;
const replay = await client.responses.retrieve(id, { stream: true, starting_after: seen.at(-1).sequence_number });
for await (const event of replay) seen.push(event);
heard.numbers = seen.map((event) => event.sequence_number);
heard.resumed = seen.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
const whole = client.responses.stream({ response_id: id });
heard.replayed = (await whole.finalResponse()).output_text;

const background = await client.responses.create({ model: 'paced', input, background: true });
heard.cancelled = (await client.responses.cancel(background.id)).status;
const rest = client.responses.stream({ response_id: background.id });
heard.cancelledReplay = (await rest.finalResponse()).status;
await client.responses.delete(background.id);

const problem = (error) => ({ name: error.constructor.name, status: error.status, code: error.code, param: error.param, message: error.message });
try {
  await client.responses.retrieve(background.id);
} catch (error) {
  heard.deleted = problem(error);
}
try {
  await client.responses.create({ model: 'words', input, previous_response_id: background.id });
} catch (error) {
  heard.previous = problem(error);
}
try {
  for await (const _ of await client.responses.create({ model: 'limited', input, stream: true }));
} catch (error) {
  heard.middle = problem(error);
}
console.log(JSON.stringify(heard));
