// Calls a server's tools by the client of the Model Context Protocol: `node mcp.mjs ORIGIN MODEL KEY`.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect, key, origin, reporter } from "./report.mjs";

const call = reporter("@modelcontextprotocol/sdk");
const client = new Client({ name: "clients", version: "1.0.0" });
let tools = [];
await call("tools list", async () => {
  await client.connect(new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { requestInit: { headers: { Authorization: `Bearer ${key}` } } }));
  ({ tools } = await client.listTools());
  expect(tools.length > 0 && tools.every((tool) => tool.description && tool.inputSchema.type === "object"), tools);
  return tools.map((tool) => tool.name);
});
await call("tools call", async () => {
  // Any tool that only reads, and asks for nothing but a text.
  const isText = (tool) => tool.inputSchema.required?.length === 1 && [tool.inputSchema.properties[tool.inputSchema.required[0]].type].flat().includes("string");
  const tool = expect(tools.find((own) => own.annotations?.readOnlyHint !== false && isText(own)), tools.map((own) => own.name));
  const answer = await client.callTool({ name: tool.name, arguments: { [tool.inputSchema.required[0]]: "a" } });
  expect(answer.content.length > 0 || answer.structuredContent !== undefined, answer);
  return tool.name;
});
await client.close();
