import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createApiWorld } from "../testing/world.ts";

// Holds discovery against upstream 1.36's. On purpose different:
//   - storageVersionHash of what Knarr stores in a newer version than upstream
//   - serverAddressByClientCIDRs: the address is the server's own
const folder = process.env["KNARR_UPSTREAM"] ?? join(import.meta.dirname, "../../../../shared/upstream");
const skip = existsSync(join(folder, "discovery")) ? false : `no upstream facts in ${folder}`;

interface Json {
  readonly [key: string]: unknown;
}

const read = (file: string) => JSON.parse(readFileSync(join(folder, "discovery", file), "utf8")) as Json;
const files = skip ? [] : readdirSync(join(folder, "discovery")).filter((file) => file.startsWith("api"));

const STORED_NEWER: ReadonlySet<unknown> = new Set([
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
  "customresourcedefinitions",
  "devicetaintrules",
]);

function comparable(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(comparable);
  const storedNewer = "name" in value && STORED_NEWER.has(value.name);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !(key === "storageVersionHash" && storedNewer) && key !== "serverAddressByClientCIDRs")
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, comparable(inner)]),
  );
}

describe("discovery", { skip }, () => {
  for (const file of files) {
    const path = `/${file.replace(/\.json$/, "").replaceAll("__", "/")}`;
    it(`${path} is upstream's`, async () => {
      await using api = await createApiWorld();
      const answer = await api.ask(`GET ${path}`);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(comparable(answer.json()), comparable(read(file)));
    });
  }

  it("aggregated is upstream's", async () => {
    await using api = await createApiWorld();
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    const answer = await api.ask("GET /apis", { headers: { accept } });
    assert.equal(
      answer.headers["content-type"],
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    );
    assert.deepEqual(comparable(answer.json()), comparable(read("aggregated_v2.json")));
    const again = await api.ask("GET /apis", {
      headers: { accept, "if-none-match": String(answer.headers["etag"]) },
    });
    assert.equal(again.status, 304);
  });
});
