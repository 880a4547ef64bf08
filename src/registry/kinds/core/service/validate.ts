import {
  dnsLabel,
  dnsSubdomain,
  duplicate,
  forbidden,
  invalid,
  portName,
  portNumber,
  qualifiedName,
  required,
  validateLabels,
  validateLegacyCidr,
  validateLegacyIp,
  type FieldError,
  type Service,
  type ServicePort,
} from "#objects";
import { each, oneOf, optionalOneOf, requiredOneOf } from "../../common/checks.ts";
import { PROTOCOLS } from "../../common/protocols.ts";
import { nonSpecialIpErrors } from "../../common/special-ip.ts";
import { clusterIpErrors, familyErrors } from "./validate-ips.ts";
import type { Family } from "./options.ts";
import { isExternallyAccessible, isHeadless, needsHealthCheckNodePort } from "./rules.ts";

type Spec = NonNullable<Service["spec"]>;

const TYPES = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
const MAX_AFFINITY_SECONDS = 86_400;
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";
const TOPOLOGY_MODE = "service.kubernetes.io/topology-mode";
const TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints";
const ONLY_BALANCER = "may only be used when `type` is 'LoadBalancer'";

function topologyErrors({ metadata: { annotations = {} } }: Service): FieldError[] {
  const mode = annotations[TOPOLOGY_MODE];
  const hints = annotations[TOPOLOGY_HINTS];
  if (mode === undefined || hints === undefined || mode === hints) return [];
  const detail = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
  return [invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, detail)];
}

function externalNameErrors(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const detail = "may not be set for ExternalName services";
  if (spec.clusterIPs?.length) errors.push(forbidden("spec.clusterIPs", detail));
  if (spec.ipFamilies?.length) errors.push(forbidden("spec.ipFamilies", detail));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden("spec.ipFamilyPolicy", detail));
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  return name
    ? [...errors, ...each("spec.externalName", name, dnsSubdomain(name))]
    : [...errors, required("spec.externalName")];
}

function typeErrors(service: Service, spec: Spec): FieldError[] {
  switch (spec.type ?? "") {
    case "LoadBalancer":
    case "NodePort":
      return isHeadless(service)
        ? [invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`)]
        : [];
    case "ExternalName":
      return externalNameErrors(spec);
    default:
      return [];
  }
}

function targetPortErrors(field: string, target: number | string = ""): FieldError[] {
  return each(field, target, typeof target === "number" ? portNumber(target) : portName(target));
}

function portErrors(field: string, port: ServicePort, nameNeeded: boolean, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  const { name, appProtocol } = port;
  if (name) {
    errors.push(...each(`${field}.name`, name, dnsLabel(name)));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
  } else if (nameNeeded) errors.push(required(`${field}.name`));
  errors.push(
    ...each(`${field}.port`, port.port, portNumber(port.port)),
    ...requiredOneOf(`${field}.protocol`, port.protocol, PROTOCOLS),
    ...targetPortErrors(`${field}.targetPort`, port.targetPort),
  );
  if (appProtocol !== undefined) errors.push(...each(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
  return errors;
}

/** A port's identity as upstream prints it: its internal type, of which the fields have no JSON names. */
const identity = ({ protocol = "", port }: ServicePort) => ({
  Name: "",
  Protocol: protocol,
  AppProtocol: null,
  Port: port,
  TargetPort: 0,
  NodePort: 0,
});

function clashErrors(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const ports = [...(spec.ports ?? []).entries()];
  const seenNodePorts = new Set<string>();
  for (const [i, { nodePort, protocol }] of ports) {
    if (!nodePort) continue;
    const field = `spec.ports[${i}].nodePort`;
    if (spec.type === "ClusterIP") errors.push(forbidden(field, "may not be used when `type` is 'ClusterIP'"));
    if (seenNodePorts.has(`${protocol} ${nodePort}`)) errors.push(duplicate(field, nodePort));
    seenNodePorts.add(`${protocol} ${nodePort}`);
  }
  const seen = new Set<string>();
  for (const [i, port] of ports) {
    if (seen.has(`${port.protocol} ${port.port}`)) errors.push(duplicate(`spec.ports[${i}]`, identity(port)));
    seen.add(`${port.protocol} ${port.port}`);
  }
  return errors;
}

function affinityErrors({ sessionAffinity, sessionAffinityConfig: config }: Spec): FieldError[] {
  const errors = requiredOneOf("spec.sessionAffinity", sessionAffinity, ["ClientIP", "None"]);
  const field = "spec.sessionAffinityConfig";
  if (sessionAffinity === "None" && config) {
    return [...errors, forbidden(field, "must not be set when session affinity is None")];
  }
  if (sessionAffinity !== "ClientIP") return errors;
  const detail = "when session affinity type is ClientIP";
  const seconds = config?.clientIP?.timeoutSeconds;
  if (!config) errors.push(required(field, detail));
  else if (!config.clientIP) errors.push(required(`${field}.clientIP`, detail));
  else if (seconds === undefined) errors.push(required(`${field}.clientIP.timeoutSeconds`, detail));
  else if (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS) {
    const range = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
    errors.push(invalid(`${field}.clientIP.timeoutSeconds`, seconds, range));
  }
  return errors;
}

function sourceRangeErrors({ metadata }: Service, spec: Spec): FieldError[] {
  const listed = spec.loadBalancerSourceRanges ?? [];
  const annotation = metadata.annotations?.[SOURCE_RANGES];
  const onlyBalancer = (field: string) => (spec.type === "LoadBalancer" ? [] : [forbidden(field, ONLY_BALANCER)]);
  if (listed.length > 0) {
    // Upstream spells the path so.
    const field = "spec.LoadBalancerSourceRanges";
    return [
      ...onlyBalancer(field),
      ...listed.flatMap((range, i) => validateLegacyCidr(range.trim(), `${field}[${i}]`)),
    ];
  }
  if (annotation === undefined) return [];
  const field = `metadata.annotations[${SOURCE_RANGES}]`;
  const ranges = annotation.trim() === "" ? [] : annotation.split(",");
  return [...onlyBalancer(field), ...ranges.flatMap((range) => validateLegacyCidr(range.trim(), field))];
}

function balancerErrors(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const balances = spec.type === "LoadBalancer";
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balances) {
    errors.push(forbidden("spec.allocateLoadBalancerNodePorts", ONLY_BALANCER));
  }
  if (spec.loadBalancerClass !== undefined) {
    const field = "spec.loadBalancerClass";
    if (balances) errors.push(...each(field, spec.loadBalancerClass, qualifiedName(spec.loadBalancerClass)));
    else errors.push(forbidden(field, ONLY_BALANCER));
  }
  return errors;
}

function policyErrors(service: Service, spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  const { externalTrafficPolicy, healthCheckNodePort, internalTrafficPolicy, trafficDistribution } = spec;
  if (isExternallyAccessible(service)) {
    errors.push(...requiredOneOf("spec.externalTrafficPolicy", externalTrafficPolicy, ["Cluster", "Local"]));
  } else if (externalTrafficPolicy) {
    const detail = "may only be set for externally-accessible services";
    errors.push(invalid("spec.externalTrafficPolicy", externalTrafficPolicy, detail));
  }
  if (healthCheckNodePort) {
    const field = "spec.healthCheckNodePort";
    if (needsHealthCheckNodePort(service)) {
      errors.push(...each(field, healthCheckNodePort, portNumber(healthCheckNodePort)));
    } else {
      const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
      errors.push(invalid(field, healthCheckNodePort, detail));
    }
  }
  if (internalTrafficPolicy !== undefined) {
    errors.push(...oneOf("spec.internalTrafficPolicy", internalTrafficPolicy, ["Cluster", "Local"]));
  }
  const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
  errors.push(...optionalOneOf("spec.trafficDistribution", trafficDistribution, distributions));
  return errors;
}

/** ValidateService, with what the cluster's service networks allow. */
export function validate(service: Service, families: readonly Family[]): FieldError[] {
  const spec = service.spec ?? {};
  const ports = spec.ports ?? [];
  const headless = isHeadless(service);
  const names = new Set<string>();
  return [
    ...topologyErrors(service),
    ...(ports.length === 0 && !headless && spec.type !== "ExternalName" ? [required("spec.ports")] : []),
    ...typeErrors(service, spec),
    ...ports.flatMap((port, i) => portErrors(`spec.ports[${i}]`, port, ports.length > 1, names)),
    ...validateLabels(spec.selector, "spec.selector"),
    ...affinityErrors(spec),
    ...clusterIpErrors(service),
    ...familyErrors(service, families),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => {
      const field = `spec.externalIPs[${i}]`;
      const errors = validateLegacyIp(ip, field);
      return errors.length > 0 ? errors : nonSpecialIpErrors(field, ip);
    }),
    ...requiredOneOf("spec.type", spec.type, TYPES),
    ...clashErrors(spec),
    ...sourceRangeErrors(service, spec),
    ...balancerErrors(spec),
    ...policyErrors(service, spec),
  ];
}

/** ValidateLoadBalancerStatus */
export function validateStatus({ spec, status }: Service): FieldError[] {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const field = "status.loadBalancer.ingress";
  if (spec?.type !== "LoadBalancer" && ingress.length > 0) {
    return [forbidden(field, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  return ingress.flatMap(({ ip, ipMode, hostname }, i) => {
    const path = `${field}[${i}]`;
    const errors = ip ? validateLegacyIp(ip, `${path}.ip`) : [];
    if (ipMode === undefined) {
      if (ip) errors.push(required(`${path}.ipMode`, "must be specified when `ip` is set"));
    } else if (!ip) errors.push(forbidden(`${path}.ipMode`, "may not be specified when `ip` is not set"));
    else errors.push(...oneOf(`${path}.ipMode`, ipMode, ["Proxy", "VIP"]));
    if (hostname) errors.push(...each(`${path}.hostname`, hostname, dnsSubdomain(hostname)));
    if (hostname && validateLegacyIp(hostname, "").length === 0) {
      errors.push(invalid(`${path}.hostname`, hostname, "must be a DNS name, not an IP address"));
    }
    return errors;
  });
}
