export * from "./framework/index.ts";
export { cronJobController, type CronJobOptions } from "./cron-job/controller.ts";
export { daemonSetController } from "./daemon-set/controller.ts";
export { deploymentController } from "./deployment/controller.ts";
export { replicaSetController } from "./replica-set/controller.ts";
export { replicationControllerController } from "./replication-controller/controller.ts";
export { statefulSetController, type StatefulSetOptions } from "./stateful-set/controller.ts";
export { disruptionController } from "./disruption/controller.ts";
export { horizontalPodAutoscalerController } from "./horizontal-pod-autoscaler/controller.ts";
export { garbageCollector } from "./garbage-collector/controller.ts";
export { jobController } from "./job/controller.ts";
export { orphanedJobPodController } from "./job/orphans.ts";
export { legacyTokenCleaner } from "./legacy-token-cleaner/controller.ts";
export { legacyTokenTracker } from "./legacy-token-tracking/controller.ts";
export { namespaceController } from "./namespace/controller.ts";
export { nodeLifecycleController } from "./node-lifecycle/controller.ts";
export { localVolumeDeleter, localVolumeProvisioner } from "./local-volumes/controller.ts";
export { LOCAL_PROVISIONER, type LocalVolumes } from "./local-volumes/port.ts";
export { ephemeralVolumeController } from "./ephemeral-volume/controller.ts";
export { volumeExpansionController } from "./volume-expansion/controller.ts";
export { persistentVolumeBinder } from "./persistent-volume-binder/controller.ts";
export { podGarbageCollector } from "./pod-garbage-collector/controller.ts";
export { rootCaPublisher } from "./root-ca/controller.ts";
export { serviceAccountController } from "./service-account/controller.ts";
export { serviceAccountTokenController, type ServiceAccountTokenOptions } from "./service-account-token/controller.ts";
export { taintEvictionController } from "./taint-eviction/controller.ts";
export { endpointSliceController, type EndpointSliceOptions } from "./endpoint-slice/controller.ts";
export { endpointSliceMirroringController } from "./endpoint-slice-mirroring/controller.ts";
export { endpointsController } from "./endpoints/controller.ts";
export { kubernetesServiceController, type KubernetesServiceOptions } from "./kubernetes-service/controller.ts";
export type { Advertised } from "./kubernetes-service/plan.ts";
export { serviceLoadBalancer, type LoadBalancerOptions } from "./service-load-balancer/controller.ts";
export { ipAddressController } from "./service-cidr/ip-addresses.ts";
export { serviceCidrController } from "./service-cidr/controller.ts";
export {
  claimProtectionController,
  classProtectionController,
  volumeProtectionController,
} from "./volume-protection/controller.ts";
export { ttlController } from "./ttl/controller.ts";
export { ttlAfterFinishedController } from "./ttl-after-finished/controller.ts";
