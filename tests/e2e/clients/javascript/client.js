// OpenAI's JavaScript client, unchanged, against a deployed Sextant: says as JSON what it got.
// Usage: client.js answers|formats|retries|errors|budget, with BASE_URL and API_KEY in the environment.

import OpenAI from "openai";

const MODEL = "us.amazon.nova-pro-v1:0";
// Of its own, so that its failures open no breaker that others need.
const FAILING = "us.amazon.nova-lite-v1:0";
// It takes a temperature or a top_p, and no schema whose root is a choice.
const CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const SCHEMA = { type: "object", required: ["bird"], properties: { bird: { type: "string" } } };
const VECTORS = "amazon.titan-embed-text-v2:0";
const QUESTION = [
  { role: "system", content: "Be short." },
  { role: "user", content: "Name a bird." },
];
const key = process.env.API_KEY;
const client = (apiKey, changes) =>
  new OpenAI({ baseURL: `${process.env.BASE_URL}/v1`, apiKey, maxRetries: 0, ...changes });
const sextant = client(key);

async function answers() {
  const models = [];
  for await (const model of sextant.models.list()) models.push(model.id);
  const whole = await sextant.chat.completions.create({ model: MODEL, messages: QUESTION, max_tokens: 50 });
  const streamed = { text: "", roles: [], reasons: [], usage: null };
  const stream = await sextant.chat.completions.create({
    model: MODEL,
    messages: QUESTION,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    if (chunk.usage) streamed.usage = chunk.usage;
    for (const choice of chunk.choices) {
      streamed.text += choice.delta.content ?? "";
      if (choice.delta.role) streamed.roles.push(choice.delta.role);
      if (choice.finish_reason) streamed.reasons.push(choice.finish_reason);
    }
  }
  const vectors = await sextant.embeddings.create({ model: VECTORS, input: ["a first text", "a second text"] });
  return {
    models,
    whole,
    streamed,
    vectors: vectors.data.map((entry) => entry.embedding.length),
    vector_tokens: vectors.usage.prompt_tokens,
  };
}

async function formats() {
  const ask = async (model, changes) =>
    (await sextant.chat.completions.create({ model, messages: QUESTION, ...changes })).choices[0];
  const named = { type: "json_schema", json_schema: { name: "bird", strict: true, schema: SCHEMA } };
  const someObject = await ask(CLAUDE, { response_format: { type: "json_object" } });
  const schema = await ask(CLAUDE, { response_format: named });
  const cut = await ask(CLAUDE, { response_format: named, max_tokens: 5 });
  const samplers = await ask(CLAUDE, {
    temperature: 0.7, top_p: 1, stop: ["END"], n: 1, logit_bias: null, service_tier: "auto", user: "u",
  });
  const echoed = [...QUESTION, samplers.message, { ...samplers.message, tool_calls: null, audio: null }];
  echoed.push({ role: "user", content: "Another." });
  const vectors = await sextant.embeddings.create({ model: VECTORS, input: Array(300).fill("a text") });
  return {
    some_object: someObject.message.content,
    schema: schema.message.content,
    cut: [cut.message.content, cut.finish_reason],
    samplers: samplers.message.content,
    echoed: (await ask(MODEL, { messages: echoed })).message.content,
    vectors: [vectors.data.length, vectors.data.at(-1).embedding.length],
  };
}

// As clients are when nobody sets them up: they ask again what may pass, and nothing else.
async function retries() {
  const usual = client(key, { maxRetries: undefined });
  const named = { type: "json_schema", json_schema: { name: "bird", schema: SCHEMA } };
  const answer = await usual.chat.completions.create({ model: FAILING, messages: QUESTION });
  const wrong = { model: MODEL, messages: QUESTION, response_format: named };
  const unusable = await caught(() => usual.chat.completions.create(wrong));
  return { answer: answer.choices[0].message.content, unusable };
}

async function caught(call) {
  try {
    await call();
    return { class: null };
  } catch (error) {
    return { class: error.constructor.name, status: error.status, code: error.code, type: error.type };
  }
}

async function errors() {
  const ask = (changes) => () => sextant.chat.completions.create({ model: MODEL, messages: QUESTION, ...changes });
  const wrong = client(key.slice(0, -1) + (key.endsWith("0") ? "1" : "0"));
  return {
    unauthenticated: await caught(() => wrong.models.list()),
    no_model: await caught(ask({ model: "no-such-model" })),
    no_vectors: await caught(() => sextant.embeddings.create({ model: MODEL, input: "text" })),
    too_long: await caught(ask({})),
    wrong_field: await caught(ask({ n: 2 })),
    unavailable: await caught(ask({ model: FAILING })),
  };
}

async function budget() {
  const ask = { model: MODEL, messages: QUESTION };
  const streamed = async () => {
    for await (const chunk of await sextant.chat.completions.create({ ...ask, stream: true })) void chunk;
  };
  return {
    whole: await caught(() => sextant.chat.completions.create(ask)),
    streamed: await caught(streamed),
    vectors: await caught(() => sextant.embeddings.create({ model: VECTORS, input: "text" })),
  };
}

const result = { answers, formats, retries, errors, budget }[process.argv[2]];
console.log(JSON.stringify(await result()));
