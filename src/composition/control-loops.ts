import type { ApiServer } from "#apiserver";
import type { Clock, Log, Random, Scope } from "#base";
import { createCaches, type SharedCaches } from "#client";
import {
  claimProtectionController,
  deploymentController,
  disruptionController,
  endpointsController,
  endpointSliceController,
  endpointSliceMirroringController,
  garbageCollector,
  ipAddressController,
  kubernetesServiceController,
  namespaceController,
  nodeLifecycleController,
  podGarbageCollector,
  replicaSetController,
  replicationControllerController,
  rootCaPublisher,
  runControllers,
  serviceAccountController,
  serviceCidrController,
  serviceLoadBalancer,
  taintEvictionController,
  ttlController,
  volumeProtectionController,
} from "#controllers";
import { groupVersion, type ResourceType } from "#objects";
import { kubernetesService, type Registry } from "#registry";
import { startScheduler } from "#scheduler";
import { typeOf } from "./bootstrap.ts";
import { CONTROLLER_MANAGER, SCHEDULER } from "./users.ts";

export interface ControlLoopsOptions {
  readonly apiServer: ApiServer;
  readonly registry: Registry;
  /** The cluster's authority, PEM: every namespace gets it. */
  readonly authority: string;
  readonly apiServerPort: number;
  /** All ClusterIPs; default 10.96.0.0/12. */
  readonly serviceCidr?: string;
  /** The address that stands for the API server in the endpoints of its Service. */
  readonly advertised: string | undefined;
  /** What Services of type LoadBalancer get; by default the addresses of nodes, and where those are taken the spare ones. */
  readonly loadBalancerAddresses?: readonly string[] | undefined;
  readonly spareAddresses: readonly string[];
  /** The name of the machine, which the scheduler's Events tell. */
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
}

/** Starts every controller and the scheduler. Returns the caches that they share. */
export function startControlLoops(options: ControlLoopsOptions): SharedCaches {
  const { apiServer, registry, authority, apiServerPort, advertised, scope, ...others } = options;
  const { loadBalancerAddresses, spareAddresses, serviceCidr, host, ...common } = others;
  const advertise = advertised === undefined ? undefined : { ip: advertised, port: apiServerPort };
  const client = apiServer.client(CONTROLLER_MANAGER, "kube-controller-manager");
  const caches = createCaches({ client, scope: scope.child("caches"), ...common });
  runControllers(
    [
      deploymentController,
      disruptionController,
      replicaSetController,
      replicationControllerController,
      namespaceController(() => deletableTypes(registry, { namespacedOnly: true })),
      serviceAccountController,
      rootCaPublisher(authority),
      garbageCollector({
        types: () => deletableTypes(registry, { namespacedOnly: false }),
        resolve: kindResolver(registry),
        onTypesChange: registry.onChange,
      }),
      nodeLifecycleController(),
      taintEvictionController(),
      podGarbageCollector(),
      ttlController(),
      claimProtectionController,
      volumeProtectionController,
      endpointSliceController(),
      endpointsController(),
      endpointSliceMirroringController(),
      serviceLoadBalancer({
        taken: [{ ip: "", port: apiServerPort, protocol: "TCP", by: "the API server" }],
        ...(loadBalancerAddresses === undefined ? { spare: spareAddresses } : { addresses: loadBalancerAddresses }),
      }),
      serviceCidrController(),
      ipAddressController(),
      kubernetesServiceController({
        service: kubernetesService({ apiServerPort, ...(serviceCidr === undefined ? {} : { serviceCidr }) }),
        advertise,
      }),
    ],
    { client, caches, scope: scope.child("controllers"), ...common },
  );
  startScheduler({
    client: apiServer.client(SCHEDULER, "kube-scheduler"),
    caches,
    scope: scope.child("scheduler"),
    ...(host === undefined ? {} : { host }),
    ...common,
  });
  return caches;
}

function deletableTypes(registry: Registry, { namespacedOnly }: { readonly namespacedOnly: boolean }) {
  return registry
    .resources()
    .filter(({ definition: { verbs = ["list", "delete"], namespaced, compute } }) => {
      const deletable = !compute && verbs.includes("list") && verbs.includes("delete");
      return deletable && (namespaced || !namespacedOnly);
    })
    .map((resource) => typeOf(resource, registry));
}

/** Finds what `apiVersion` and `kind` name together, among everything that is served. */
function kindResolver(registry: Registry): (apiVersion: string, kind: string) => ResourceType | undefined {
  let served: Map<string, ResourceType> | undefined;
  registry.onChange(() => (served = undefined));
  const collect = () => {
    const types = registry.resources().flatMap((resource) => {
      const { versions } = resource.definition;
      const type = typeOf(resource, registry);
      return versions
        .map(({ group = type.group, version }) => ({ ...type, group, version }))
        .filter(({ group, version }) => registry.resolve(group, version, type.resource));
    });
    return new Map(types.map((type) => [`${groupVersion(type)} ${type.kind}`, type]));
  };
  return (apiVersion, kind) => (served ??= collect()).get(`${apiVersion} ${kind}`);
}
