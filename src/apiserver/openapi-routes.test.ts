import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createOpenApi } from "./openapi-routes.ts";
import { createApiWorld, requestOf } from "./testing/world.ts";

const PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/** What client-go asks for. */
const OLD_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

describe("/openapi/v2", () => {
  it("is protobuf for clients that ask for it, and JSON for others, under one ETag", async () => {
    await using api = await createApiWorld();
    const ask = (accept: string, etag = "") =>
      api.open("GET /openapi/v2", { headers: { accept, "if-none-match": etag } });
    const json = await ask("application/json");
    assert.equal(json.headers["content-type"], "application/json");
    const etag = String(json.headers["etag"]);
    for (const accept of [OLD_PROTOBUF, PROTOBUF]) {
      const answer = await ask(accept);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-type"], PROTOBUF);
      assert.equal(answer.headers["vary"], "Accept");
      assert.equal(answer.headers["etag"], etag);
      assert.ok(answer.body.type === "bytes");
      // Field 1, `swagger`, is what the document begins with.
      assert.deepEqual([...answer.body.bytes.subarray(0, 5)], [0x0a, 3, 0x32, 0x2e, 0x30]);
    }
    assert.equal((await ask(OLD_PROTOBUF, etag)).status, 304);
    assert.equal((await ask("application/yaml")).status, 406);
    assert.equal((await api.ask("GET /openapi/v2")).json()["swagger"], "2.0");
  });

  it("is made once, in many steps, and the same however long they take", async () => {
    await using api = await createApiWorld();
    let steps = 0;
    const throttle = () => {
      steps++;
      return steps % 100 === 0 ? Promise.resolve() : undefined;
    };
    const openApi = createOpenApi(api.registry, "v1.36.0", false, throttle);
    const request = requestOf("GET /openapi/v2", { headers: { accept: PROTOBUF } });
    const [first, second] = await Promise.all([openApi.respond(request), openApi.respond(request)]);
    assert.ok(first?.body.type === "bytes" && second?.body.type === "bytes");
    assert.equal(first.body.bytes, second.body.bytes);
    assert.ok(steps > 1000, `${steps} steps`);
    const before = steps;
    await openApi.respond(request);
    assert.equal(steps, before);
    const unpaced = await createOpenApi(api.registry, "v1.36.0", false).respond(request);
    assert.ok(unpaced?.body.type === "bytes");
    assert.deepEqual(unpaced.body.bytes, first.body.bytes);
  });
});
