// Asks the MCP server by the inspector's command line, a process for each call: `node inspector.mjs ORIGIN MODEL KEY`, or
// `node inspector.mjs stdio kalm mcp --model RUN --graph GRAPH`. It wants Node 22 and 111 MB, so tests do not run it; it is installed beside
// by `npm install --no-save @modelcontextprotocol/inspector@2.12.0`.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, key, origin, reporter } from "./report.mjs";

const call = reporter("@modelcontextprotocol/inspector");
const home = dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector/package.json"));
const program = join(home, JSON.parse(readFileSync(join(home, "package.json"), "utf8")).bin["mcp-inspector"]);
const target = origin === "stdio" ? process.argv.slice(3) : [`${origin}/mcp`, "--transport", "http", "--header", `Authorization: Bearer ${key}`];
const run = promisify(execFile);

// What a call that goes wrong prints is told with it.
async function ask(method, ...options) {
  const parts = [program, "--cli", ...target, "--method", method, ...options];
  const { stdout } = await run(process.execPath, parts, { maxBuffer: 1 << 28, timeout: 120000 }).catch((error) => {
    if (error.stdout.startsWith("{")) return error;
    throw new Error(error.stderr || error.message);
  });
  return JSON.parse(stdout);
}

async function tool(name, args) {
  const pairs = Object.entries(args).flatMap(([field, value]) => ["--tool-arg", `${field}=${typeof value === "string" ? value : JSON.stringify(value)}`]);
  return ask("tools/call", "--tool-name", name, ...pairs);
}

async function answered(name, args) {
  const result = await tool(name, args);
  expect(!result.isError && result.structuredContent, result.content);
  return result.structuredContent;
}

let names;
await call("tools/list", async () => (names = (await ask("tools/list")).tools.map((listed) => listed.name)));
await call("resources/list", async () => expect((await ask("resources/list")).resources.length, "no resource"));
await call("resources/templates/list", async () => expect((await ask("resources/templates/list")).resourceTemplates.length, "no template"));
let triple;
await call("resources/read relations", async () => {
  const { relations } = JSON.parse((await ask("resources/read", "--uri", "kalm://relations")).contents[0].text);
  return { count: expect(relations.length, relations) };
});
await call("search_entities", async () => {
  for (const { id } of (await answered("search_entities", { limit: 10 })).entities) {
    const fact = (await answered("get_entity", { entity: id, predict: 0 })).known.find((one) => !one.relation.inverse);
    if (fact) return (triple = { head: id, relation: fact.relation.id, tail: fact.entity.id });
  }
  throw new Error("no entity has a fact");
});
await call("get_entity", async () => (await answered("get_entity", { entity: triple.head, limit: 1 })).id);
await call("resources/read entity", async () => {
  const { contents } = await ask("resources/read", "--uri", `kalm://entity/${encodeURIComponent(triple.head)}`);
  return expect(JSON.parse(contents[0].text).id === triple.head, contents);
});
await call("complete_triple", async () => (await answered("complete_triple", { head: triple.head, relation: triple.relation, top: 2 })).results.length);
await call("verify_triple", async () => expect((await answered("verify_triple", triple)).verdict === "true", "another verdict"));
await call("explain", async () => (await answered("explain", { ...triple, limit: 1 })).for);
await call("embed_texts", async () => expect((await answered("embed_texts", { texts: ["a fish", "a bird"] })).vectors.length === 2, "other vectors"));
await call("every tool was called", async () => {
  const called = ["search_entities", "get_entity", "complete_triple", "verify_triple", "explain", "embed_texts"];
  expect(called.every((name) => names.includes(name)), names);
});
await call("an unknown field", async () => {
  const { isError, content } = await tool("search_entities", { depth: 3 });
  return expect(isError && content[0].text.includes("depth") && content[0].text, content);
});
await call("a resource that is not there", async () => {
  const refusal = await ask("resources/read", "--uri", "kalm://entity/no%20such%20entity").then(() => "", (error) => error.message);
  return expect(refusal.includes("there is no entity") && refusal.trim(), refusal);
});
await call("prompts/list", async () => expect((await ask("prompts/list")).prompts.length === 0, "a prompt"));
