// Calls every tool and resource of the MCP server: `node mcp.mjs ORIGIN MODEL KEY`, or `node mcp.mjs stdio kalm mcp --model RUN --graph GRAPH`.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect, key, origin, reporter } from "./report.mjs";

const call = reporter("@modelcontextprotocol/sdk");
const client = new Client({ name: "clients", version: "1.0.0" });
const transport = origin === "stdio"
  ? new StdioClientTransport({ command: process.argv[3], args: process.argv.slice(4), stderr: "ignore" })
  : new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { requestInit: { headers: { Authorization: `Bearer ${key}` } } });

async function tool(name, args) {
  const result = await client.callTool({ name, arguments: args });
  expect(!result.isError, result.content[0]?.text);
  expect(result.structuredContent, "no structured content");
  return result.structuredContent;
}

async function refused(name, args, mentioned) {
  const result = await client.callTool({ name, arguments: args });
  expect(result.isError, `${name} was not refused`);
  expect(result.content[0].text.includes(mentioned), result.content[0].text);
  return result.content[0].text;
}

await call("connect", async () => {
  await client.connect(transport);
  return client.getServerVersion();
});

await call("tools/list", async () => {
  const { tools } = await client.listTools();
  expect(tools.every(listed => listed.outputSchema && listed.annotations), "a tool lacks its output schema or annotations");
  return tools.map(listed => listed.name);
});

// A model that was never served over this graph has no index yet.
await call("the index is there", async () => {
  for (const began = Date.now(); ; await new Promise(resolve => setTimeout(resolve, 2000))) {
    const result = await client.callTool({ name: "search_entities", arguments: { limit: 1 } });
    if (!result.isError) return `after ${Math.round((Date.now() - began) / 1000)} s`;
    expect(/index|made ready/.test(result.content[0].text) && Date.now() - began < 600000, result.content[0].text);
  }
});

let triple;
await call("resources/list", async () => {
  let cursor, count = 0, pages = 0;
  do {
    const page = await client.listResources(cursor ? { cursor } : {});
    count += page.resources.length;
    pages++;
    cursor = page.nextCursor;
  } while (cursor && pages < 1000);
  return { count, pages };
});
await call("resources/templates/list", async () => (await client.listResourceTemplates()).resourceTemplates.map(one => one.uriTemplate));
await call("resources/read relations", async () => {
  const { contents } = await client.readResource({ uri: "kalm://relations" });
  return JSON.parse(contents[0].text).relations.map(relation => relation.id);
});
await call("search_entities", async () => {
  const { entities } = await tool("search_entities", { limit: 20 });
  expect(entities.length > 0, "no entity");
  for (const { id } of entities) {
    const { known } = await tool("get_entity", { entity: id, predict: 0 });
    const fact = known.find(one => !one.relation.inverse);
    if (fact) {
      triple = { head: id, relation: fact.relation.id, tail: fact.entity.id };
      return triple;
    }
  }
  throw new Error("no entity has a fact");
});
await call("get_entity", async () => (await tool("get_entity", { entity: triple.head })).predicted.length);
await call("resources/read entity", async () => {
  const { contents } = await client.readResource({ uri: `kalm://entity/${encodeURIComponent(triple.head)}` });
  expect(JSON.parse(contents[0].text).id === triple.head, contents[0].text);
  return contents[1].text.split("\n")[0];
});
await call("completion/complete", async () => {
  const { completion } = await client.complete({
    ref: { type: "ref/resource", uri: "kalm://entity/{id}" }, argument: { name: "id", value: triple.head },
  });
  expect(completion.values.includes(triple.head), JSON.stringify(completion));
  return completion.values.length;
});
await call("complete_triple", async () => {
  const { head, relation } = triple;
  const { results } = await tool("complete_triple", { head, relation, top: 3 });
  return results.map(one => [one.id, one.fact_probability, one.verdict, one.known]);
});
await call("verify_triple", async () => {
  const { verdict, split } = await tool("verify_triple", triple);
  expect(verdict === "true" && split, `${verdict} ${split}`);
  return { verdict, split };
});
await call("explain", async () => (await tool("explain", { ...triple, limit: 2 })).for);
await call("embed_texts", async () => {
  const { vectors, width } = await tool("embed_texts", { texts: ["a river in Africa", "a country"] });
  expect(vectors.length === 2 && vectors.every(vector => vector.length === width), "vectors of another width");
  return width;
});
await call("a wrong relation", () => refused("complete_triple", { head: triple.head, relation: "no such relation" }, "relation"));
await call("an unknown field", () => refused("complete_triple", { ...triple, tail: undefined, depth: 3 }, "depth"));
await call("cancellation", async () => {
  const stop = new AbortController();
  const running = client.callTool(
    { name: "embed_texts", arguments: { texts: Array(200).fill("a river in Africa that flows through many countries") } }, undefined,
    { signal: stop.signal });
  setTimeout(() => stop.abort("enough"), 5);
  const ended = await running.then(() => "answered before", () => "cancelled");
  await tool("search_entities", { limit: 1 });
  return ended;
});
await call("close", async () => {
  await client.close();
  return null;
});
