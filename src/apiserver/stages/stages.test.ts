import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admissionChain, type AdmissionAttributes } from "#admission";
import type { HttpResponse } from "#http";
import { forbiddenError } from "#objects";
import type { Connector } from "../connect.ts";
import { plainText } from "../http/responses.ts";
import { failure, createApiWorld, type Answer } from "../testing/world.ts";
import { make } from "../testing/lists.ts";
import { CMS } from "../testing/objects.ts";
import { Exchange, type Stage } from "./exchange.ts";

/** The stages with one more in front of the one of that name. */
const before = (name: string, stage: Stage) => (all: readonly Stage[]) => {
  const at = all.findIndex((each) => each.name === name);
  assert.ok(at >= 0, name);
  return [...all.slice(0, at), stage, ...all.slice(at)];
};

describe("the stages of a request", () => {
  it("stand in upstream's order", async () => {
    let names: readonly string[] = [];
    await using _ = await createApiWorld({
      more: {
        stages(all) {
          names = all.map(({ name }) => name);
          return all;
        },
      },
    });
    assert.deepEqual(names.slice(0, 10), [
      "account",
      "path",
      "in-flight",
      "timeout",
      "identify",
      "authorize",
      "route",
      "admit",
      "connect",
      "execute",
    ]);
  });

  it("hand the client what its authenticator warns of, also where the request fails", async () => {
    const authenticator = {
      authenticate: () => ({
        type: "user" as const,
        user: { username: "admin", groups: ["system:masters"] },
        warnings: ["this token is old"],
      }),
    };
    await using api = await createApiWorld({ more: { authenticator } });
    for (const path of ["/api/v1/namespaces", "/api/v1/namespaces/none"]) {
      assert.deepEqual((await api.ask(`GET ${path}`)).headers["warning"], ['299 - "this token is old"'], path);
    }
  });

  it("take an audit as an entry: it sees who asked for what, and what came of it", async () => {
    const seen: string[] = [];
    const audit: Stage = {
      name: "audit",
      join: (next) => async (exchange) => {
        const tell = (code: number) =>
          seen.push(
            `${exchange.user?.username} ${exchange.info?.verb} ${exchange.info?.resource || exchange.path} ${code}`,
          );
        try {
          const response = await next(exchange);
          tell(response.status);
          return response;
        } catch (error) {
          tell((error as { code: number }).code);
          throw error;
        }
      },
    };
    await using api = await createApiWorld({ more: { stages: before("authorize", audit) } });
    await api.ask(`GET ${CMS}/gone`);
    await api.ask("GET /metrics", { as: "nobody" });
    await api.ask("GET /apis");
    assert.deepEqual(seen, ["admin get configmaps 404", "nobody get /metrics 403", "admin get /apis 200"]);
  });

  it("take a static page and another API server as entries", async () => {
    const page: Stage = {
      name: "page",
      join: (next) => (exchange) =>
        exchange.path === "/ui" ? Promise.resolve(plainText(200, "hello")) : next(exchange),
    };
    const other: Stage = {
      name: "aggregated",
      join: (next) => (exchange) =>
        exchange.info?.group === "other.example.com"
          ? Promise.resolve(plainText(200, `${exchange.user?.username} at ${exchange.path}`))
          : next(exchange),
    };
    const stages = (all: readonly Stage[]) => before("identify", page)(before("route", other)(all));
    await using api = await createApiWorld({ more: { stages } });
    assert.equal((await api.ask("GET /ui", { as: "" })).text, "hello");
    const line = "GET /apis/other.example.com/v1/things";
    assert.equal((await api.ask(line)).text, "admin at /apis/other.example.com/v1/things");
    assert.equal((await api.ask(line, { as: "nobody" })).status, 403);
    assert.equal((await api.ask("GET /api/v1/namespaces/default")).status, 200);
  });

  it("take a view of the past as an entry, which reads the path anew", async () => {
    const past: Stage = {
      name: "past",
      join: (next) => (exchange) => {
        const match = /^\/at\/(\d+)(\/.*)$/.exec(exchange.request.path);
        if (!match) return next(exchange);
        const [, revision = "", path = ""] = match;
        const query = `${exchange.request.query}&resourceVersion=${revision}&resourceVersionMatch=Exact`;
        return next(new Exchange({ ...exchange.request, path, query }));
      },
    };
    await using api = await createApiWorld({ more: { stages: before("path", past) } });
    await make(api, "a");
    const { resourceVersion } = (await api.ask(`GET ${CMS}`)).json<{ metadata: { resourceVersion: string } }>()
      .metadata;
    await make(api, "b");
    const countAt = async (line: string) => (await api.ask(`GET ${line}`)).json<{ items: unknown[] }>().items.length;
    assert.equal(await countAt(CMS), 2);
    assert.equal(await countAt(`/at/${resourceVersion}${CMS}`), 1);
  });

  it("end with the delegate where none answers", async () => {
    const delegate = ({ path }: Exchange) => Promise.resolve(plainText(200, `delegated ${path}`));
    await using api = await createApiWorld({ more: { delegate } });
    assert.equal((await api.ask("GET /else")).text, "delegated /else");
    assert.equal(
      (await api.ask("GET /apis/nope.example.com/v1/things")).text,
      "delegated /apis/nope.example.com/v1/things",
    );
    assert.equal((await api.ask("GET /livez")).text, "ok");
  });

  it("refuse a timeout of a short request that is no duration, and read none of a long-running one", async () => {
    await using api = await createApiWorld();
    assert.equal(
      failure(await api.ask(`GET ${CMS}?timeout=soon`)),
      '400 BadRequest: invalid timeout specified in the request URL - time: invalid duration "soon"',
    );
    assert.equal((await api.ask(`GET ${CMS}?timeout=32s`)).status, 200);
    assert.equal((await api.ask(`GET ${CMS}?timeout=`)).status, 200);
    const stop = new AbortController();
    assert.equal((await api.open(`GET ${CMS}?watch=1&timeout=soon`, { signal: stop.signal })).status, 200);
    stop.abort();
  });

  it("answer 504 when a short request takes too long, and let a long-running one be", async () => {
    const waiting: Stage = {
      name: "waiting",
      join: (next) => (exchange) => (exchange.query.has("wait") ? new Promise<HttpResponse>(() => {}) : next(exchange)),
    };
    await using api = await createApiWorld({ more: { stages: before("execute", waiting) } });
    const late = async (line: string, ms: number) => {
      let answer: Answer | undefined;
      const asked = api.ask(line, line.startsWith("POST") ? { body: {} } : {}).then((given) => (answer = given));
      await api.clock.advance(ms - 1);
      assert.equal(answer, undefined, `${line} is not yet answered`);
      await api.clock.advance(1);
      await asked;
      return answer!;
    };
    const read = await late(`GET ${CMS}?wait=1`, 60_000);
    assert.equal(read.status, 504);
    assert.equal(
      read.text,
      '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout",' +
        '"reason":"Timeout","details":{},"code":504}\n',
    );
    assert.equal(
      failure(await late(`POST ${CMS}?wait=1`, 34_000)),
      "504 Timeout: Timeout: request did not complete within requested timeout - context deadline exceeded",
    );
    assert.equal((await late(`POST ${CMS}?wait=1&timeout=1500ms`, 1500)).text, read.text);
    assert.equal((await late(`GET ${CMS}?wait=1&timeout=2s`, 2000)).status, 504);
    for (const none of ["0s", "-5s", "2h"]) await late(`GET ${CMS}?wait=1&timeout=${none}`, 60_000);
    assert.equal(api.clock.pending, 0);

    const stop = new AbortController();
    const watch = await api.open(`GET ${CMS}?watch=1`, { signal: stop.signal });
    await api.clock.advance(120_000);
    assert.equal(watch.status, 200);
    stop.abort();
  });

  it("log a bug that shows only after the time was over", async () => {
    const failing: Stage = {
      name: "failing",
      join: () => async () => {
        await new Promise<void>((resolve) => api.clock.setTimeout(resolve, 61_000));
        throw new Error("bug");
      },
    };
    await using api = await createApiWorld({ more: { stages: before("execute", failing) } });
    const asked = api.ask(`GET ${CMS}`);
    await api.clock.advance(62_000);
    assert.equal((await asked).status, 504);
    assert.deepEqual(
      api.errors.map((error) => (error as { message: string }).message),
      ["request failed after its time was over"],
    );
  });

  it("count short requests as load while they are under way, and long-running ones apart", async () => {
    let text = "";
    const [begun, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const connector: Connector = {
      async connect() {
        begun.resolve();
        await done.promise;
        return plainText(200, "done");
      },
    };
    const look: Stage = {
      name: "look",
      join: (next) => (exchange) => {
        text = api.server.metrics.text();
        return next(exchange);
      },
    };
    await using api = await createApiWorld({ more: { connector, stages: before("route", look) } });
    const counted = (name: string) => new RegExp(`^${name}.* (\\d+)$`, "m").exec(text)?.[1];
    await api.ask(`GET ${CMS}`);
    assert.equal(counted('apiserver_current_inflight_requests{request_kind="readOnly"}'), "1");
    const open = api.ask("GET /api/v1/namespaces/default/pods/p/log?follow=1");
    await begun.promise;
    await api.ask(`DELETE ${CMS}`);
    assert.equal(counted('apiserver_current_inflight_requests{request_kind="readOnly"}'), "0");
    assert.equal(counted('apiserver_current_inflight_requests{request_kind="mutating"}'), "1");
    assert.equal(counted('apiserver_longrunning_requests{.*subresource="log"'), "1");
    done.resolve();
    await open;
    text = api.server.metrics.text();
    assert.equal(counted('apiserver_longrunning_requests{.*subresource="log"'), "0");
    assert.equal(counted('apiserver_current_inflight_requests{request_kind="mutating"}'), "0");
  });
});

describe("connections", () => {
  it("pass admission as CONNECT, with their options as an object; logs do not", async () => {
    const seen: { attributes: AdmissionAttributes; object: unknown }[] = [];
    const admission = admissionChain([
      {
        name: "Watchman",
        handles: ({ operation }) => operation === "CONNECT",
        mutate: (draft, _old, attributes) => void seen.push({ attributes, object: { ...draft } }),
        validate(_object, _old, attributes) {
          if (attributes.name === "secret")
            throw forbiddenError({ group: "", resource: "pods" }, "secret", "no client may look in");
        },
      },
    ]);
    const connector: Connector = { connect: () => Promise.resolve(plainText(200, "connected")) };
    await using api = await createApiWorld({ admission, more: { connector } });
    const ask = async (line: string) => (await api.ask(line)).text;
    const POD = "/api/v1/namespaces/default/pods";
    await ask(`POST ${POD}/p/exec?command=sh&command=-c&stdin=true&tty=false&container=c`);
    await ask(`GET ${POD}/p/attach?stdout=1`);
    await ask(`POST ${POD}/p/portforward?ports=80,81&ports=90`);
    await ask(`GET ${POD}/p:80/proxy/a%20b/c/`);
    await ask("PUT /api/v1/namespaces/default/services/s/proxy");
    await ask("DELETE /api/v1/nodes/n/proxy/x");
    assert.equal(await ask(`GET ${POD}/p/log`), "connected");
    assert.deepEqual(
      seen.map(({ object }) => object),
      [
        { kind: "PodExecOptions", stdin: true, container: "c", command: ["sh", "-c"] },
        { kind: "PodAttachOptions", stdout: true },
        { kind: "PodPortForwardOptions", ports: [80, 81, 90] },
        { kind: "PodProxyOptions", path: "/a b/c/" },
        { kind: "ServiceProxyOptions" },
        { kind: "NodeProxyOptions", path: "/x" },
      ].map(({ kind, ...options }) => ({ apiVersion: "v1", kind, ...options })),
    );
    const { warn: _, ...first } = seen[0]!.attributes;
    assert.deepEqual(first, {
      operation: "CONNECT",
      group: "",
      version: "v1",
      kind: "PodExecOptions",
      resource: "pods",
      subresource: "exec",
      namespace: "default",
      name: "p",
      dryRun: false,
      user: { username: "admin", groups: ["system:masters", "system:authenticated"] },
    });
    assert.equal(
      failure(await api.ask(`POST ${POD}/secret/exec?command=ls`)),
      '403 Forbidden: pods "secret" is forbidden: no client may look in',
    );
    assert.equal(failure(await api.ask(`POST ${POD}/p/exec?dryRun=All`)), "400 BadRequest: dryRun is not supported");
  });

  it("go the way that mutating plugins say", async () => {
    const admission = admissionChain([
      {
        name: "Changer",
        handles: ({ operation }) => operation === "CONNECT",
        mutate(draft, _old, { kind }) {
          if (kind === "PodExecOptions")
            Object.assign(draft, { container: "b", command: ["id", "-u"], stdin: undefined });
          if (kind === "PodPortForwardOptions") Object.assign(draft, { ports: [8080] });
          if (kind === "ServiceProxyOptions") Object.assign(draft, { path: "/a b/c/" });
        },
      },
    ]);
    const seen: string[] = [];
    const connector: Connector = {
      connect({ query, path }) {
        seen.push(`${path}?${query.toString()}`);
        return Promise.resolve(plainText(200, ""));
      },
    };
    await using api = await createApiWorld({ admission, more: { connector } });
    const POD = "/api/v1/namespaces/default/pods/p";
    await api.ask(`POST ${POD}/exec?command=sh&stdin=1&stdout=1&container=a`);
    await api.ask(`POST ${POD}/portforward?ports=80`);
    await api.ask(`GET ${POD}/attach?stdout=1`);
    await api.ask("GET /api/v1/namespaces/default/services/s/proxy/x?y=z");
    await api.ask("GET /api/v1/nodes/n/proxy/q%20r/?s=t");
    assert.deepEqual(seen, [
      "?stdout=1&container=b&command=id&command=-u",
      "?ports=8080",
      "?stdout=1",
      "a%20b/c/?y=z",
      "q%20r?s=t",
    ]);
  });
});
