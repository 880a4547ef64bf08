import type { Clock, Log, Random, Scope } from "#base";
import type { Client, SharedCaches } from "#client";
import {
  claimProtectionController,
  classProtectionController,
  cronJobController,
  daemonSetController,
  deploymentController,
  disruptionController,
  endpointsController,
  ephemeralVolumeController,
  endpointSliceController,
  endpointSliceMirroringController,
  garbageCollector,
  horizontalPodAutoscalerController,
  ipAddressController,
  jobController,
  kubernetesServiceController,
  legacyTokenCleaner,
  legacyTokenTracker,
  localVolumeDeleter,
  localVolumeProvisioner,
  namespaceController,
  nodeLifecycleController,
  orphanedJobPodController,
  persistentVolumeBinder,
  podGarbageCollector,
  replicaSetController,
  replicationControllerController,
  rootCaPublisher,
  runControllers,
  serviceAccountController,
  serviceAccountTokenController,
  serviceCidrController,
  serviceLoadBalancer,
  statefulSetController,
  taintEvictionController,
  ttlAfterFinishedController,
  ttlController,
  volumeExpansionController,
  volumeProtectionController,
  type LocalVolumes,
  type ServiceAccountTokenOptions,
} from "#controllers";
import { kubernetesService } from "#registry";
import { startScheduler } from "#scheduler";

export interface ControlLoopsOptions {
  /** The clients of the controller manager and of the scheduler. */
  readonly client: Client;
  readonly schedulerClient: Client;
  /** Of the whole process. */
  readonly caches: SharedCaches;
  /** The cluster's authority, PEM: every namespace gets it. */
  readonly authority: string;
  /** Signs the tokens that Secrets keep; absent: Secrets get none. */
  readonly signToken?: ServiceAccountTokenOptions["signToken"];
  readonly apiServerPort: number;
  /** All ClusterIPs; default 10.96.0.0/12. */
  readonly serviceCidr?: string;
  /** The address that stands for the API server in the endpoints of its Service. */
  readonly advertised: string | undefined;
  /** What Services of type LoadBalancer get; by default the addresses of nodes, and where those are taken the spare ones. */
  readonly loadBalancerAddresses?: readonly string[] | undefined;
  readonly spareAddresses: readonly string[];
  /** Where the data of the built-in provisioner's volumes is. */
  readonly localVolumes: LocalVolumes;
  /** The name of the machine, which the scheduler's Events tell. */
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
  /** How long it takes, in milliseconds, until every API server knows that a namespace is being deleted; default 0. */
  readonly namespaceSettleMs?: number;
  /** The feature gate of that name; default off. */
  readonly maxUnavailableStatefulSet?: boolean;
}

/** Starts every controller and the scheduler. */
export function startControlLoops(options: ControlLoopsOptions): void {
  const { client, schedulerClient, caches, authority, apiServerPort, advertised, scope, ...others } = options;
  const { loadBalancerAddresses, spareAddresses, serviceCidr, localVolumes, host, signToken, ...more } = others;
  const { namespaceSettleMs = 0, ...common } = more;
  const advertise = advertised === undefined ? undefined : { ip: advertised, port: apiServerPort };
  runControllers(
    [
      daemonSetController,
      deploymentController,
      disruptionController,
      replicaSetController,
      replicationControllerController,
      jobController,
      orphanedJobPodController,
      horizontalPodAutoscalerController(),
      statefulSetController({ countsUnavailable: options.maxUnavailableStatefulSet ?? false }),
      namespaceController({ settleMs: namespaceSettleMs }),
      serviceAccountController,
      rootCaPublisher(authority),
      ...(signToken ? [serviceAccountTokenController({ authority, signToken })] : []),
      legacyTokenTracker(),
      legacyTokenCleaner(),
      nodeLifecycleController(),
      taintEvictionController(),
      podGarbageCollector(),
      cronJobController({ timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone }),
      ttlAfterFinishedController,
      ttlController(),
      persistentVolumeBinder(),
      volumeExpansionController(),
      ephemeralVolumeController(),
      localVolumeProvisioner(localVolumes),
      localVolumeDeleter(localVolumes),
      claimProtectionController,
      volumeProtectionController,
      classProtectionController,
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
      // Last, so that it shares the caches that the others have opened.
      garbageCollector(),
    ],
    { client, caches, scope: scope.child("controllers"), ...common },
  );
  startScheduler({
    client: schedulerClient,
    caches,
    scope: scope.child("scheduler"),
    ...(host === undefined ? {} : { host }),
    ...common,
  });
}
