import type { Container, Draft, EphemeralContainer, Pod, PodSpec, PodTemplateSpec, Probe } from "#objects";
import { defaultPullPolicy } from "./image.ts";
import { defaultPodLevelResources, requestsFromLimits } from "./resource-defaults.ts";
import { defaultVolume } from "./volume-defaults.ts";

type AnyContainer = Draft<Container> | Draft<EphemeralContainer>;

const DEFAULT_GRACE_SECONDS = 30;

/** What upstream fills in for a pod: that of every pod spec, and what only real pods get. Source: SetDefaults_Pod. */
export function defaultPod(pod: Draft<Pod>): void {
  const spec = pod.spec;
  if (!spec) return;
  defaultPodSpec(spec);
  for (const container of spec.containers ?? []) requestsFromLimits(container);
  for (const container of spec.initContainers ?? []) requestsFromLimits(container);
  defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
      for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
    }
  }
}

/** What upstream fills in for the template of a workload. */
export function defaultPodTemplate(template: Draft<PodTemplateSpec> | undefined): void {
  if (!template) return;
  // The template's metadata is a struct upstream and always there on the wire.
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

/** What upstream fills in wherever a pod's spec stands. Source: upstream pkg/apis/core/v1 defaults. */
export function defaultPodSpec(spec: Draft<PodSpec>): void {
  spec.restartPolicy ||= "Always";
  spec.dnsPolicy ||= "ClusterFirst";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= DEFAULT_GRACE_SECONDS;
  spec.schedulerName ||= "default-scheduler";
  matchServiceAccounts(spec);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
}

/** `serviceAccount` is the old name of `serviceAccountName`; both are always served, and the new one wins. */
function matchServiceAccounts(spec: Draft<PodSpec>): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (!name) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

function defaultContainer(container: AnyContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= "v1";
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= "0";
  }
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultHttpGet(container.lifecycle?.postStart);
  defaultHttpGet(container.lifecycle?.preStop);
}

function defaultProbe(probe: Draft<Probe> | undefined): void {
  if (!probe) return;
  defaultHttpGet(probe);
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
}

function defaultHttpGet(handler: { httpGet?: Draft<Probe>["httpGet"] } | undefined): void {
  if (!handler?.httpGet) return;
  handler.httpGet.path ||= "/";
  handler.httpGet.scheme ||= "HTTP";
}
