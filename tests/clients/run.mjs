// Calls a server by every client: `node run.mjs ORIGIN MODEL KEY [TABLE.md]`. Prints a line of JSON for each call, and writes which client
// made which as a table. Ends with 1 when a call went wrong.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [origin, model, key, table] = process.argv.slice(2);
const lines = [];
for (const script of ["openai.mjs", "ai-sdk.mjs", "rerank.mjs", "openapi.mjs", "mcp.mjs"]) {
  const ran = spawnSync(process.execPath, [join(here, script), origin, model, key], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  process.stdout.write(ran.stdout);
  lines.push(...ran.stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)));
  if (ran.status !== 0) lines.push({ client: script, call: "ends well", ok: false });
}
if (table) {
  const versions = JSON.parse(readFileSync(join(here, "package.json"), "utf8")).dependencies;
  const clients = [...new Set(lines.map((line) => line.client))];
  const named = clients.map((client) => client.split(" + ").map((name) => (versions[name] ? `${name} ${versions[name]}` : name)).join(" + "));
  const cell = (client, call) => ({ true: "yes", false: "**no**" })[lines.find((line) => line.client === client && line.call === call)?.ok] ?? "";
  const rows = [...new Set(lines.map((line) => line.call))].map((call) => `| ${[call, ...clients.map((client) => cell(client, call))].join(" | ")} |`);
  writeFileSync(table, [`| call | ${named.join(" | ")} |`, `|${" --- |".repeat(clients.length + 1)}`, ...rows, ""].join("\n"));
}
process.exit(lines.every((line) => line.ok) ? 0 : 1);
