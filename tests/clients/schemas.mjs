// Asks for answers of schemas drawn at random and checks each with ajv: `node schemas.mjs ORIGIN MODEL KEY [COUNT] [SEED] [TOKENS]`. An answer is
// valid, or its schema is refused with 400 and the word that is not followed; a line for each that is not valid, and one for all.
import { createRequire } from "node:module";
import { baseURL, expect, key, model, reporter } from "./report.mjs";

const require = createRequire(import.meta.url);
const Ajv = require("ajv/dist/2020").default;
const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: true });
require("ajv-formats").default(ajv);
const [count, seed, tokens] = [20, 21, undefined].map((usual, index) => (process.argv[5 + index] ? Number(process.argv[5 + index]) : usual));

// mulberry32: the same schemas wherever it runs.
let state = seed;
const random = (most) => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
};
const pick = (...values) => values[random(values.length)];
const often = () => random(2) === 0;

const text = () => {
  const minLength = random(3);
  return { type: "string", minLength, maxLength: minLength + 1 + random(8) };
};
const format = () => ({ type: "string", format: pick("date", "time", "date-time", "uuid", "email", "hostname", "ipv4", "uri", "duration") });
const whole = () => {
  const minimum = random(600) - 300;
  return pick({ type: "integer", minimum, maximum: minimum + random(1500) },
    { type: "integer", exclusiveMinimum: minimum, exclusiveMaximum: minimum + 2 + random(50) });
};
const number = () => {
  const minimum = (random(4000) - 2000) / 100;
  return pick({ type: "number", minimum, maximum: minimum + random(1000) / 100 },
    { type: "number", exclusiveMinimum: minimum, exclusiveMaximum: minimum + 0.5 });
};
const array = (depth) => {
  const minItems = random(3);
  return pick({ type: "array", items: value(depth), minItems, maxItems: minItems + random(3) },
    { type: "array", prefixItems: [value(0), value(0)], items: pick(false, { type: "boolean" }), minItems: 2, maxItems: 3 });
};
const object = (depth) => {
  const properties = {};
  for (let index = 1 + random(4); index > 0; index--) properties[pick(`p${index}`, `ä ${index}`, `"${index}\\`)] = value(depth);
  const schema = { type: "object", properties, required: Object.keys(properties).filter(often) };
  return often() ? { ...schema, additionalProperties: false } : schema;
};
const pattern = () => ({
  type: "string",
  pattern: pick("^[a-z]{2,4}$", "\\d+", "^(yes|no)$", "^[^\\s@]+@[^\\s@]+\\.[a-z]{2,}$", "^#(?:[0-9a-f]{3}){1,2}$", "^[A-Z][^\\d]*?\\.$",
    "\"[äöü]+\\\\", "^\\+?\\d{1,3}(?:[ -]\\d{2,4}){2,3}$", "^(?<major>0|[1-9]\\d*)\\.(0|[1-9]\\d*)$", "^.{1,20}$"),
});
const flat = [
  text, whole, number, format, pattern,
  () => ({ type: pick("boolean", "null") }),
  () => ({ enum: ["a", "ä \"quoted\"", 3, 2.5, null, true, { k: [1] }].slice(random(5)) }),
  () => ({ const: pick(`word ${random(9)}`, random(9), null, { a: [true] }) }),
  () => ({ type: ["integer", "null"], minimum: -random(50), maximum: random(50) }),
];
const deep = [
  object, array,
  (depth) => ({ anyOf: [text(), whole(), object(depth)] }),
  (depth) => ({ oneOf: [{ type: "null" }, number(), array(depth)] }),
  () => ({ type: "object", properties: {}, required: [`k${random(3)}`], additionalProperties: whole() }),
];
const value = (depth) => depth > 0 && often() ? pick(...deep)(depth - 1) : pick(...flat)();
const next = () => {
  const schema = object(2);
  if (random(4) > 0) return schema;
  const node = { $ref: "#/$defs/node" };
  schema.$defs = {
    node: {
      type: "object", additionalProperties: false, required: ["value"],
      properties: { value: value(0), next: { anyOf: [{ type: "null" }, { $ref: "#/$defs/node" }] } },
    },
  };
  schema.properties.list = node;
  schema.required.push("list");
  return schema;
};

async function ask(schema, number) {
  const answer = await fetch(`${baseURL}/chat/completions`, {
    method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model, messages: [{ role: "user", content: "Tell me something about fish as JSON." }], max_tokens: tokens, seed: number,
      temperature: pick(0, 1), response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
    }),
  });
  const body = await answer.json();
  if (answer.status === 400 && body.error.param?.startsWith("response_format") && /found /.test(body.error.message)) return "refused";
  expect(answer.status === 200, body);
  const { finish_reason: reason, message } = body.choices[0];
  if (reason !== "stop") return "unfinished";
  const validate = ajv.compile(schema);
  expect(validate(JSON.parse(message.content)), { answer: message.content, errors: validate.errors });
  return "valid";
}

const kinds = { valid: 0, refused: 0, unfinished: 0, wrong: 0 };
await reporter("fetch + ajv")("answers of random schemas", async () => {
  const schemas = Array.from({ length: count }, next);
  for (let at = 0; at < count; at += 8)
    await Promise.all(schemas.slice(at, at + 8).map(async (schema, index) => {
      try {
        const kind = await ask(schema, at + index);
        kinds[kind]++;
        if (kind !== "valid") console.error(`${kind}: ${JSON.stringify(schema)}`);
      } catch (error) {
        kinds.wrong++;
        console.error(`wrong: ${JSON.stringify(schema)}\n${error.message}`);
      }
    }));
  expect(kinds.wrong === 0 && kinds.valid > 0, kinds);
  return kinds;
});
