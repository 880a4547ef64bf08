import {
  dnsLabel,
  duplicate,
  invalid,
  notSupported,
  portName,
  portNumber,
  required,
  tooMany,
  type ContainerPort,
  type ContainerResizePolicy,
  type FieldError,
} from "#objects";
import { each, oneOf, present, requiredOneOf } from "../../../common/checks.ts";
import type { AnyContainer, ContainerContext } from "./context.ts";
import { validateEnv, validateEnvFrom } from "./env.ts";
import { validateDevices, validateMounts } from "./mounts.ts";
import { validateContainerResources } from "./resources.ts";
import { validateSecurityContext } from "./security.ts";

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];

/** What holds for every container, whatever its role. Source: upstream validateContainerCommon. */
export function validateContainer(container: AnyContainer, path: string, context: ContainerContext): FieldError[] {
  return [
    ...present(`${path}.name`, container.name, dnsLabel),
    ...(container.image ? [] : [required(`${path}.image`)]),
    ...requiredOneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      "File",
      "FallbackToLogsOnError",
    ]),
    ...validatePorts(container.ports ?? [], `${path}.ports`),
    ...validateEnv(container.env ?? [], `${path}.env`, context),
    ...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`),
    ...validateMounts(container, context.volumes, `${path}.volumeMounts`),
    ...validateDevices(container, context.volumes, `${path}.volumeDevices`),
    ...requiredOneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...(container.resources
      ? validateContainerResources(container.resources, context.claims, `${path}.resources`)
      : []),
    ...validateResizePolicy(container.resizePolicy ?? [], context, `${path}.resizePolicy`),
    ...validateSecurityContext(container.securityContext, context.hostUsers, `${path}.securityContext`),
  ];
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (name) {
      const nameErrors = portName(name);
      if (nameErrors.length > 0) errors.push(...each(`${at}.name`, name, nameErrors));
      else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    if (!containerPort) errors.push(required(`${at}.containerPort`));
    else errors.push(...each(`${at}.containerPort`, containerPort, portNumber(containerPort)));
    if (hostPort) errors.push(...each(`${at}.hostPort`, hostPort, portNumber(hostPort)));
    return [...errors, ...requiredOneOf(`${at}.protocol`, protocol, PROTOCOLS)];
  });
}

function validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  context: ContainerContext,
  path: string,
): FieldError[] {
  const seen = new Set<string>();
  return policies.flatMap(({ resourceName, restartPolicy }, i) => {
    const errors: FieldError[] = [];
    if (seen.has(resourceName)) errors.push(duplicate(`${path}[${i}]`, resourceName));
    seen.add(resourceName);
    errors.push(...requiredOneOf(path, resourceName, ["cpu", "memory"]));
    errors.push(...requiredOneOf(path, restartPolicy, ["NotRequired", "RestartContainer"]));
    if (context.restartPolicy === "Never" && restartPolicy !== "NotRequired") {
      errors.push(invalid(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    }
    return errors;
  });
}

/** The node's ports are taken once only. Source: upstream checkHostPortConflicts. */
export function validateUniqueHostPorts(containers: readonly (readonly [AnyContainer, string])[]): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(([{ ports = [] }, path]) =>
    ports.flatMap(({ hostPort, hostIP = "", protocol }, i) => {
      if (!hostPort) return [];
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) return [duplicate(`${path}.ports[${i}].hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/** A container's own restart policy and its rules by exit code. Source: upstream validateContainerRestartPolicy. */
export function validateRestartRules(
  { restartPolicy, restartPolicyRules = [] }: AnyContainer,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (restartPolicy !== undefined) {
    errors.push(...oneOf(`${path}.restartPolicy`, restartPolicy, ["Always", "Never", "OnFailure"]));
  } else if (restartPolicyRules.length > 0) {
    errors.push(required(`${path}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  }
  const rulesPath = `${path}.restartPolicyRules`;
  if (restartPolicyRules.length > MAX_RULES) errors.push(tooMany(rulesPath, restartPolicyRules.length, MAX_RULES));
  for (const [i, { action, exitCodes }] of restartPolicyRules.entries()) {
    const at = `${rulesPath}[${i}]`;
    if (action !== "Restart") errors.push(notSupported(`${at}.action`, action, ["Restart"]));
    if (!exitCodes) {
      errors.push(required(`${at}.exitCodes`, "must be specified"));
      continue;
    }
    errors.push(...oneOf(`${at}.exitCodes.operator`, exitCodes.operator, ["In", "NotIn"]));
    const count = exitCodes.values?.length ?? 0;
    if (count === 0) errors.push(required(`${at}.exitCodes.values`, "must specify at least one value"));
    if (count > MAX_EXIT_CODES) errors.push(tooMany(`${at}.exitCodes.values`, count, MAX_EXIT_CODES));
  }
  return errors;
}
