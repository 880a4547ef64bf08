import { messageOf } from "#base";
import type { SharedCaches } from "#client";
import { equalJson, keyOf, NODES, parseKey, SERVICES, type Node, type Service } from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, type ControllerDefinition, type Plan, type SyncContext } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { watch, type KeysOf } from "../framework/watch.ts";
import {
  addressesGiven,
  CLEANUP_FINALIZER,
  ingressOf,
  planBalancer,
  wantsBalancer,
  type BalancerStep,
  type BalancerView,
  type UsedPort,
} from "./plan.ts";

export interface LoadBalancerOptions {
  /** The addresses to give, the preferred first; by default those that the nodes have (InternalIP). */
  readonly addresses?: readonly string[];
  /** Addresses for Services whose ports are taken at all of the nodes'. */
  readonly spare?: readonly string[];
  /** What listens at these addresses already, such as the API server; `ip` empty: at all of them. */
  readonly taken?: readonly UsedPort[];
}

const WANTING = "load-balancer";
const NODE_PORTS = "node-port";

function retryWaiting({ caches, enqueue }: SyncContext): void {
  for (const service of caches.of(SERVICES).index(WANTING, "")) {
    if (addressesGiven(service).length === 0) enqueue(keyOf(service));
  }
}

/**
 * Gives Services of the type LoadBalancer an address from a pool. Several may share one, as long as their ports differ;
 * a Service whose ports are taken waits.
 */
export function serviceLoadBalancer({
  addresses,
  spare = [],
  taken = [],
}: LoadBalancerOptions = {}): ControllerDefinition {
  return defineController({
    name: "service-controller",
    // One after the other: two must not be given the same port.
    concurrency: 1,
    watches: [watch(SERVICES, concerned), watch(NODES, addresses ? undefined : allWanting)],
    writes: [allow(SERVICES, "patch", "patch/status")],
    start({ caches }) {
      /** Who has which addresses, by key: newer than the caches, which show what was given only later. */
      const given = new Map<string, readonly string[]>();

      const portsUsedByOthers = (key: string, service: Service, caches: SharedCaches): UsedPort[] => {
        const services = caches.of(SERVICES);
        const usedPorts = [...taken];
        for (const [other, ips] of given) {
          if (other === key) continue;
          const by = `Service ${other}`;
          for (const { port, protocol = "TCP" } of services.get(other)?.spec?.ports ?? []) {
            for (const ip of ips) usedPorts.push({ ip, port, protocol, by });
          }
        }
        for (const { port, protocol = "TCP" } of service.spec?.ports ?? []) {
          for (const other of services.index(NODE_PORTS, `${port}/${protocol}`)) {
            if (keyOf(other) !== key)
              usedPorts.push({ ip: "", port, protocol, by: `a node port of Service ${keyOf(other)}` });
          }
        }
        return usedPorts;
      };

      const services = caches.of(SERVICES);
      services.addIndex(WANTING, (service) => (service.spec?.type === "LoadBalancer" ? "" : undefined));
      services.addIndex(NODE_PORTS, nodePortsOf);
      for (const service of services.index(WANTING, "")) {
        const ips = addressesGiven(service);
        if (wantsBalancer(service) && ips.length > 0) given.set(keyOf(service), ips);
      }
      return async (key, context) => {
        const { caches, recorder } = context;
        const service = caches.of(SERVICES).get(key);
        if (!service) {
          if (given.delete(key)) retryWaiting(context);
          return;
        }
        const first = addresses ?? nodeAddresses(caches);
        // While no node is there, a Service waits for its address: what it is given it keeps.
        const pool = first.length === 0 ? first : [...first, ...spare];
        const view: BalancerView = { service, pool, usedPorts: portsUsedByOthers(key, service, caches) };
        const plan = planBalancer(view, context.clock.now());
        if (plan.steps.length > 0) context.log.debug("applying", { key, because: plan.because });
        const holds = heldAfter(plan, service);
        if (holds) given.set(key, holds);
        try {
          for (const step of plan.steps) await apply(step, context, view);
        } catch (error) {
          recorder.event(
            service,
            "Warning",
            "SyncLoadBalancerFailed",
            `Error syncing load balancer: ${messageOf(error)}`,
          );
          throw error;
        }
        if (!holds && given.delete(key)) retryWaiting(context);
        return plan.requeueAt === undefined ? {} : { requeueAt: plan.requeueAt };
      };
    },
  });
}

/** The addresses that the Service holds once the plan is carried out; undefined: none that others must keep off. */
function heldAfter({ steps: [step] }: Plan<BalancerStep>, service: Service): readonly string[] | undefined {
  if (step) return step.type === "ensure" ? step.ips : undefined;
  return wantsBalancer(service) ? addressesGiven(service) : undefined;
}

async function apply(step: BalancerStep, { client, recorder }: SyncContext, { service }: BalancerView): Promise<void> {
  const key = parseKey(keyOf(service));
  const say = (reason: string, message: string) => recorder.event(service, "Normal", reason, message);
  const setFinalizers = async (finalizers: readonly string[], { metadata }: Service) => {
    const { resourceVersion } = metadata;
    const body = { metadata: { resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } };
    return unlessGone(client.patch(SERVICES, key, { type: "merge", body }));
  };
  const setStatus = async (ips: readonly string[]) => {
    const body = { status: { loadBalancer: { ingress: ips.length > 0 ? ingressOf(ips) : null } } };
    return unlessGone(client.patch(SERVICES, key, { type: "merge", body }, { subresource: "status" }));
  };
  switch (step.type) {
    case "release": {
      say("DeletingLoadBalancer", "Deleting load balancer");
      const cleared = addressesGiven(service).length > 0 ? await setStatus([]) : service;
      if (cleared) await setFinalizers(step.finalizers, cleared);
      say("DeletedLoadBalancer", "Deleted load balancer");
      return;
    }
    case "refuse": {
      if (step.finalizers) await setFinalizers(step.finalizers, service);
      if (addressesGiven(service).length > 0) await setStatus([]);
      const message = `Error syncing load balancer: failed to ensure load balancer: ${step.problem}`;
      recorder.event(service, "Warning", "SyncLoadBalancerFailed", message);
      return;
    }
    case "ensure":
      say("EnsuringLoadBalancer", "Ensuring load balancer");
      if (step.finalizers) await setFinalizers(step.finalizers, service);
      await setStatus(step.ips);
      say("EnsuredLoadBalancer", "Ensured load balancer");
  }
}

/**
 * Services that want an address, or have to be let go of, when what they ask for changed. What others write into the
 * status stays, as upstream: another implementation may be at work, and two that undo each other never end.
 */
const concerned: KeysOf<Service> = ({ type, object, previous }) => {
  const key = keyOf(object);
  const balances = object.spec?.type === "LoadBalancer";
  const marked = object.metadata.finalizers?.includes(CLEANUP_FINALIZER) ?? false;
  if (!balances && !marked) return previous?.spec?.type === "LoadBalancer" ? key : undefined;
  if (type !== "modified" || !balances) return key;
  const same =
    previous.metadata.deletionTimestamp === object.metadata.deletionTimestamp && equalJson(previous.spec, object.spec);
  return same ? undefined : key;
};

const allWanting: KeysOf<Node> = ({ type, object, previous }, caches) => {
  if (type === "modified" && internalIps(previous).join() === internalIps(object).join()) return undefined;
  return caches.of(SERVICES).index(WANTING, "").map(keyOf);
};

const nodePortsOf = ({ spec }: Service): string[] =>
  (spec?.ports ?? []).flatMap(({ nodePort, protocol = "TCP" }) => (nodePort ? [`${nodePort}/${protocol}`] : []));

/** Those of the first node first: names are compared with their numbers as numbers. */
function nodeAddresses(caches: SharedCaches): readonly string[] {
  const nodes = [...caches.of(NODES).list()];
  const byName = new Intl.Collator("en", { numeric: true });
  nodes.sort((a, b) => byName.compare(a.metadata.name ?? "", b.metadata.name ?? ""));
  return nodes.flatMap(internalIps);
}

const internalIps = ({ status }: Node): string[] =>
  (status?.addresses ?? []).filter(({ type }) => type === "InternalIP").map(({ address }) => address);
