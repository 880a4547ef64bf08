import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admissionChain, type AdmissionAttributes } from "#admission";
import { forbiddenError } from "#objects";
import type { Connector } from "../connect.ts";
import { plainText } from "../http/responses.ts";
import { failure, createApiWorld } from "../testing/world.ts";
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
});
