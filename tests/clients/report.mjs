// What every script shares: its arguments, and one line of JSON for each call {"client", "call", "ok", "detail"}.
export const [origin, model, key] = process.argv.slice(2);
export const baseURL = `${origin}/v1`;
export const question = "What is a fish? Answer in one sentence.";
export const chat = [{ role: "system", content: "Be brief." }, { role: "user", content: question }];

// A schema that any model ends within few tokens, and a function with such arguments.
export const schema = {
  type: "object",
  properties: { kind: { type: "string", enum: ["fish", "bird"] }, legs: { type: "integer", minimum: 0, maximum: 8 } },
  required: ["kind", "legs"],
  additionalProperties: false,
};

// Throws unless something holds, and gives it back.
export const expect = (holds, found) => {
  if (!holds) throw new Error(`found ${JSON.stringify(found)}`);
  return holds;
};

export const ofSchema = (value) => {
  const isOf = ["fish", "bird"].includes(value.kind) && Number.isInteger(value.legs) && value.legs >= 0 && value.legs <= 8;
  expect(isOf && Object.keys(value).length === 2, value);
  return value;
};

export const caught = async (type, run) => {
  try {
    await run();
  } catch (error) {
    expect(error instanceof type, { type: error?.constructor?.name, message: error?.message });
    return error;
  }
  throw new Error(`found no error; expected ${type.name}`);
};

export const reporter = (client) => async (call, run) => {
  const line = { client, call, ok: true, detail: null };
  try {
    line.detail = (await run()) ?? null;
  } catch (error) {
    [line.ok, line.detail] = [false, `${error?.constructor?.name}: ${error?.message ?? error}`];
  }
  console.log(JSON.stringify(line));
};
