import { IP_ADDRESSES, SERVICE_CIDRS, type KubeObject } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch, type KeysOf } from "../framework/watch.ts";
import { planCidr, type CidrStep, type CidrView } from "./plan.ts";

/** Says which service networks are ready, and keeps those whose addresses are in use from going. */
export function serviceCidrController(): ControllerDefinition {
  return defineController({
    name: "service-cidr-controller",
    concurrency: 1,
    watches: [watch(SERVICE_CIDRS, all), watch(IP_ADDRESSES, leaving)],
    writes: [allow(SERVICE_CIDRS, "patch", "patch/status")],
    start: () => syncByPlan({ look, plan: planCidr, apply }),
  });
}

function look(name: string, { caches }: SyncContext): CidrView | undefined {
  const cidrs = caches.of(SERVICE_CIDRS);
  const cidr = cidrs.get(name);
  if (!cidr) return undefined;
  const others = [...cidrs.list()].filter((other) => other !== cidr && !other.metadata.deletionTimestamp);
  return { cidr, others, addresses: cidr.metadata.deletionTimestamp ? [...caches.of(IP_ADDRESSES).list()] : [] };
}

async function apply(step: CidrStep, { client }: SyncContext, { cidr }: CidrView): Promise<void> {
  const { name = "", resourceVersion } = cidr.metadata;
  const key = { namespace: "", name };
  if (step.type === "set-conditions") {
    const body = { status: { conditions: step.conditions } };
    await unlessGone(client.patch(SERVICE_CIDRS, key, { type: "merge", body }, { subresource: "status" }));
  } else {
    const finalizers = step.finalizers.length > 0 ? step.finalizers : null;
    const body = { metadata: { resourceVersion, finalizers } };
    await unlessGone(client.patch(SERVICE_CIDRS, key, { type: "merge", body }));
  }
}

const namesOf = (cidrs: Iterable<KubeObject>) => [...cidrs].map(({ metadata }) => metadata.name ?? "");

/** One may hold what another one leaves. There are few. */
const all: KeysOf<KubeObject> = (_change, caches) => namesOf(caches.of(SERVICE_CIDRS).list());

const leaving: KeysOf<KubeObject> = ({ type }, caches) =>
  type === "deleted"
    ? namesOf([...caches.of(SERVICE_CIDRS).list()].filter(({ metadata }) => metadata.deletionTimestamp))
    : undefined;
