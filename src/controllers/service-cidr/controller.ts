import { IP_ADDRESSES, SERVICE_CIDRS, type KubeObject } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch, type KeysOf } from "../framework/watch.ts";
import { planCidr } from "./plan.ts";

/** Says which service networks are ready, and keeps those whose addresses are in use from going. */
export function serviceCidrController(): ControllerDefinition {
  return defineController({
    name: "service-cidr-controller",
    concurrency: 1,
    watches: [watch(SERVICE_CIDRS, all), watch(IP_ADDRESSES, leaving)],
    writes: [allow(SERVICE_CIDRS, "patch", "patch/status")],
    start:
      () =>
      async (name, { caches, client, clock }) => {
        const cidrs = caches.of(SERVICE_CIDRS);
        const cidr = cidrs.get(name);
        if (!cidr) return;
        const others = [...cidrs.list()].filter((other) => other !== cidr && !other.metadata.deletionTimestamp);
        const plan = planCidr(cidr, others, caches.of(IP_ADDRESSES).list(), clock.now());
        const key = { namespace: "", name };
        switch (plan.type) {
          case "nothing":
            return;
          case "wait":
            return { requeueAt: plan.until };
          case "status": {
            const body = { status: { conditions: plan.conditions } };
            await unlessGone(client.patch(SERVICE_CIDRS, key, { type: "merge", body }, { subresource: "status" }));
            return;
          }
          case "protect":
          case "release": {
            const { resourceVersion } = cidr.metadata;
            const finalizers = plan.finalizers.length > 0 ? plan.finalizers : null;
            const body = { metadata: { resourceVersion, finalizers } };
            await unlessGone(client.patch(SERVICE_CIDRS, key, { type: "merge", body }));
          }
        }
      },
  });
}

const namesOf = (cidrs: Iterable<KubeObject>) => [...cidrs].map(({ metadata }) => metadata.name ?? "");

/** One may hold what another one leaves. There are few. */
const all: KeysOf<KubeObject> = (_change, caches) => namesOf(caches.of(SERVICE_CIDRS).list());

const leaving: KeysOf<KubeObject> = ({ type }, caches) =>
  type === "deleted"
    ? namesOf([...caches.of(SERVICE_CIDRS).list()].filter(({ metadata }) => metadata.deletionTimestamp))
    : undefined;
