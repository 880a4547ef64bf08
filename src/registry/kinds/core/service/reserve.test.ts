/** Cluster IPs and node ports, given out through a registry. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hasReason, type AnyDraft, type Draft, type KubeObject, type Service } from "#objects";
import { createRegistryWorld, USER } from "../../../testing/world.ts";
import type { WriteOptions } from "../../../contract.ts";
import type { Resource } from "../../../definition.ts";
import { serviceDefinition, type ServiceOptions } from "./index.ts";

/** 14 addresses, all of them in one band; 4 ports. */
const SMALL: ServiceOptions = { serviceCidr: "10.0.0.0/28", nodePortRange: "30000-30003" };

async function cluster(options: ServiceOptions = {}, store?: Parameters<typeof createRegistryWorld>[0]) {
  const made = await createRegistryWorld({ ...store, definitions: [serviceDefinition(options)] });
  return { ...made, services: made.registry.resource("", "services")!, close: () => made[Symbol.asyncDispose]() };
}

function draftOf(services: Resource, name: string, spec: object, namespace = "default"): AnyDraft {
  const body = { ports: [{ port: 80 }], ...structuredClone(spec) };
  const draft: AnyDraft = { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec: body };
  services.definition.applyDefaults?.(draft as Draft<KubeObject>);
  return draft;
}

const create = async (services: Resource, name: string, spec: object = {}, options: WriteOptions = USER) =>
  (await services.create(draftOf(services, name, spec), options)).object as Service;

const replace = async (services: Resource, name: string, spec: object) => {
  const change = () => draftOf(services, name, spec);
  return (await services.update({ namespace: "default", name }, change, USER)).object.object as Service;
};

const remove = (services: Resource, name: string) => services.delete({ namespace: "default", name }, USER);
const port = (service: Service, at = 0) => service.spec?.ports?.[at]?.nodePort;
const says = (text: string) => (error: unknown) => error instanceof Error && error.message.includes(text);
const IP_TAKEN =
  'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated';

describe("cluster IPs", () => {
  test("are allocated from above the band that is reserved for addresses asked for by name", async () => {
    const { services, close } = await cluster();
    for (let i = 0; i < 50; i++) {
      const { spec } = await create(services, `s${i}`);
      assert.deepEqual(spec?.clusterIPs, [spec?.clusterIP]);
      const [, second = 0, third = 0, fourth = 0] = (spec?.clusterIP ?? "").split(".").map(Number);
      assert.ok((second - 96) * 65_536 + third * 256 + fourth > 256, spec?.clusterIP);
    }
    const all = (await services.list({})).items.map(({ object }) => (object as Service).spec?.clusterIP);
    assert.equal(new Set(all).size, 50);
    await close();
  });

  test("are given once when they are asked for by name, and again when they are free", async () => {
    const { services, close } = await cluster();
    await create(services, "kubernetes", { clusterIP: "10.96.0.1" });
    await create(services, "dns", { clusterIP: "10.96.0.10" });
    await assert.rejects(create(services, "thief", { clusterIP: "10.96.0.1" }), says(IP_TAKEN));
    await remove(services, "kubernetes");
    assert.equal((await create(services, "heir", { clusterIP: "10.96.0.1" })).spec?.clusterIP, "10.96.0.1");
    await close();
  });

  test("are refused outside the network", async () => {
    const { services, close } = await cluster(SMALL);
    const refused = "failed to allocate IP 10.1.0.1: the provided network does not match the current range";
    await assert.rejects(create(services, "a", { clusterIP: "10.1.0.1" }), says(refused));
    const range = "the provided IP (10.0.0.0) is not in the valid range. The range of valid IPs is 10.0.0.0/28";
    await assert.rejects(create(services, "a", { clusterIP: "10.0.0.0" }), says(range));
    await close();
  });

  test("are not given to headless and external Services; they are freed and taken as the type changes", async () => {
    const { services, close } = await cluster(SMALL);
    assert.equal((await create(services, "headless", { clusterIP: "None" })).spec?.clusterIP, "None");
    const { spec } = await create(services, "a");
    const external = await replace(services, "a", { type: "ExternalName", externalName: "x.y", ports: [] });
    assert.equal(external.spec?.clusterIP, undefined);
    assert.equal((await create(services, "b", { clusterIP: spec?.clusterIP })).spec?.clusterIP, spec?.clusterIP);
    const back = await replace(services, "a", { type: "ClusterIP" });
    assert.ok(back.spec?.clusterIP && back.spec.clusterIP !== spec?.clusterIP);
    await close();
  });

  test("run out with an error, and are given again when they are freed", async () => {
    const { services, close } = await cluster(SMALL);
    for (let i = 0; i < 14; i++) await create(services, `s${i}`);
    const full = (error: unknown) =>
      hasReason(error, "InternalError") && says("failed to allocate a serviceIP: range is full")(error);
    await assert.rejects(create(services, "more"), full);
    await remove(services, "s3");
    await create(services, "more");
    await assert.rejects(create(services, "evenmore"), full);
    await close();
  });

  test("are not taken by a dry run or a refused write", async () => {
    const { services, close } = await cluster(SMALL);
    await create(services, "a", { clusterIP: "10.0.0.5" }, { ...USER, dryRun: true });
    const refuse: WriteOptions = { ...USER, admission: { validate: () => Promise.reject(new Error("no")) } };
    await assert.rejects(create(services, "a", { clusterIP: "10.0.0.5" }, refuse), says("no"));
    await create(services, "b", { clusterIP: "10.0.0.5" });
    await close();
  });

  test("are known again after a restart", async () => {
    const first = await createRegistryWorld({ definitions: [serviceDefinition()] });
    await create(first.registry.resource("", "services")!, "kubernetes", { clusterIP: "10.96.0.1" });
    const second = await createRegistryWorld({ definitions: [serviceDefinition()], store: first.store });
    const services = second.registry.resource("", "services")!;
    await assert.rejects(create(services, "thief", { clusterIP: "10.96.0.1" }), says(IP_TAKEN));
    await second[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
  });

  test("are allocated from both families", async () => {
    const { services, close } = await cluster({ serviceCidr: "10.0.0.0/28,fd00::/112" });
    const { spec } = await create(services, "a", { ipFamilyPolicy: "RequireDualStack" });
    assert.equal(spec?.clusterIPs?.length, 2);
    assert.match(spec?.clusterIPs?.[0] ?? "", /^10\.0\.0\.\d+$/);
    assert.match(spec?.clusterIPs?.[1] ?? "", /^fd00::/);
    const single = await replace(services, "a", { ...spec, ipFamilyPolicy: "SingleStack" });
    assert.deepEqual(single.spec?.clusterIPs, spec?.clusterIPs?.slice(0, 1));
    await close();
  });
});

describe("node ports", () => {
  test("are allocated from above the lower band, one for both protocols of a port", async () => {
    const { services, close } = await cluster();
    const ports = [
      { name: "tcp", port: 53 },
      { name: "udp", port: 53, protocol: "UDP" },
      { name: "web", port: 80 },
    ];
    const made = await create(services, "dns", { type: "NodePort", ports });
    assert.ok((port(made) ?? 0) >= 30_086 && (port(made) ?? 0) <= 32_767);
    assert.equal(port(made, 0), port(made, 1));
    assert.notEqual(port(made, 0), port(made, 2));
    await close();
  });

  test("are given once when they are asked for by number, and refused outside the range", async () => {
    const { services, close } = await cluster();
    const spec = { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] };
    await create(services, "a", spec);
    const taken = "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated";
    await assert.rejects(create(services, "b", spec), says(taken));
    const outside = { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] };
    const range = "provided port is not in the valid range. The range of valid ports is 30000-32767";
    await assert.rejects(create(services, "b", outside), says(range));
    await replace(services, "a", { type: "ClusterIP" });
    assert.equal(port(await create(services, "b", spec)), 30_080);
    await close();
  });

  test("are kept over updates; a load balancer gets them unless it wants none, and one for health checks", async () => {
    const { services, close } = await cluster();
    const made = await create(services, "a", { type: "NodePort" });
    const again = await replace(services, "a", { type: "NodePort", ports: [{ port: 80, name: "web" }] });
    assert.equal(port(again), port(made));
    const balanced = await create(services, "b", { type: "LoadBalancer", externalTrafficPolicy: "Local" });
    assert.ok(port(balanced) && balanced.spec?.healthCheckNodePort);
    assert.notEqual(balanced.spec?.healthCheckNodePort, port(balanced));
    const plain = await create(services, "c", { type: "LoadBalancer", allocateLoadBalancerNodePorts: false });
    assert.equal(port(plain), undefined);
    await close();
  });

  test("are all given back by a write that fails", async () => {
    const { services, close } = await cluster(SMALL);
    const five = Array.from({ length: 5 }, (_, i) => ({ name: `p${i}`, port: 80 + i }));
    await assert.rejects(create(services, "a", { type: "NodePort", ports: five }), says("range is full"));
    await create(services, "a", { type: "NodePort", ports: five.slice(1) });
    await close();
  });
});

type Step =
  | { readonly do: "create"; readonly name: string; readonly ip: number; readonly port: number }
  | { readonly do: "type"; readonly name: string; readonly type: string }
  | { readonly do: "delete"; readonly name: string };

const name = fc.constantFrom("a", "b", "c", "d", "e");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("create" as const),
    name,
    ip: fc.integer({ min: 0, max: 4 }),
    port: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({ do: fc.constant("type" as const), name, type: fc.constantFrom("ClusterIP", "NodePort", "ExternalName") }),
  fc.record({ do: fc.constant("delete" as const), name }),
);

function carryOut(services: Resource, step: Step): Promise<unknown> {
  switch (step.do) {
    case "create": {
      const nodePort = step.port ? { nodePort: 29_999 + step.port } : {};
      const clusterIP = step.ip ? { clusterIP: `10.0.0.${step.ip}` } : {};
      return create(services, step.name, { type: "NodePort", ports: [{ port: 80, ...nodePort }], ...clusterIP });
    }
    case "type":
      return replace(services, step.name, { type: step.type, externalName: "x.y" });
    case "delete":
      return remove(services, step.name);
  }
}

test("a port whose Service is deleted and made again at once is not taken from the new one", async () => {
  for (let i = 0; i < 20; i++) {
    const { services, close } = await cluster(SMALL);
    const spec = { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] };
    await create(services, "e", spec);
    await Promise.allSettled([
      create(services, "e", spec),
      remove(services, "e"),
      create(services, "a", spec),
      create(services, "e", spec),
    ]);
    await Promise.allSettled([create(services, "b", spec)]);
    const stored = (await services.list({})).items.map(({ object }) => object as Service);
    assert.ok(stored.flatMap((service) => port(service) ?? []).filter((taken) => taken === 30_001).length <= 1);
    await close();
  }
});

test("however writes run side by side, nothing is given twice and nothing is lost", async () => {
  const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rounds, async (all) => {
      const { services, close } = await cluster(SMALL);
      for (const round of all) {
        await Promise.allSettled(round.map((each) => carryOut(services, each)));
        const stored = (await services.list({})).items.map(({ object }) => object as Service);
        const ips = stored.flatMap(({ spec }) => spec?.clusterIPs ?? []);
        const ports = stored.flatMap((service) => port(service) ?? []);
        assert.equal(new Set(ips).size, ips.length);
        assert.equal(new Set(ports).size, ports.length);
        for (const { spec } of stored) if (spec?.type !== "ExternalName") assert.equal(spec?.clusterIPs?.length, 1);
      }
      for (const { object } of (await services.list({})).items) await remove(services, object.metadata.name ?? "");
      for (let i = 0; i < 4; i++) await create(services, `last${i}`, { type: "NodePort" });
      await close();
    }),
    { numRuns: Number(process.env["RUNS"] ?? 60) },
  );
});
