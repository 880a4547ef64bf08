import {
  duplicate,
  forbidden,
  invalid,
  isSidecar,
  notFound,
  required,
  type Container,
  type EphemeralContainer,
  type FieldError,
  type PodSpec,
} from "#objects";
import { validateContainer, validateRestartRules, validateUniqueHostPorts } from "./container.ts";
import type { AnyContainer, ContainerContext } from "./context.ts";
import { validateLifecycle, validateProbes } from "./probes.ts";

/** Source: upstream validateContainers. */
export function validateContainers(
  containers: readonly Container[],
  path: string,
  context: ContainerContext,
): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string>();
  const errors = containers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const taken = names.has(container.name);
    names.add(container.name);
    return [
      ...validateContainer(container, at, context),
      ...(taken ? [duplicate(`${at}.name`, container.name)] : []),
      ...validateRunning(container, at, context),
      ...validateRestartRules(container, at),
    ];
  });
  return [...errors, ...validateUniqueHostPorts(containers.map((container, i) => [container, `${path}[${i}]`]))];
}

/** Hooks and probes, which only containers have that keep running. */
function validateRunning(container: Container, path: string, { gracePeriod }: ContainerContext): FieldError[] {
  return [
    ...(container.lifecycle ? validateLifecycle(container.lifecycle, gracePeriod, `${path}.lifecycle`) : []),
    ...validateProbes(container, gracePeriod, path),
  ];
}

const NOT_FOR_INIT = "may not be set for init containers without restartPolicy=Always";

/** Source: upstream validateInitContainers. */
export function validateInitContainers(spec: PodSpec, path: string, context: ContainerContext): FieldError[] {
  const names = new Set((spec.containers ?? []).map(({ name }) => name));
  return (spec.initContainers ?? []).flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const errors = [...validateContainer(container, at, context), ...validateRestartRules(container, at)];
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    // Init containers run one after the other: each may use the same port of the node.
    errors.push(...validateUniqueHostPorts([[container, `${path}[0]`]]));
    if (isSidecar(container)) return [...errors, ...validateRunning(container, at, context)];
    for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
      if (container[field]) errors.push(forbidden(`${at}.${field}`, NOT_FOR_INIT));
    }
    return errors;
  });
}

/** What an ephemeral container may not have, in upstream's order. */
const NOT_FOR_EPHEMERAL = [
  "ports",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
] as const;

/** Source: upstream validateEphemeralContainers. */
export function validateEphemeralContainers(spec: PodSpec, path: string, context: ContainerContext): FieldError[] {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const errors = [...validateContainer(container, at, context), ...validateTrimmedImage(container, at)];
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(notFound(`${at}.targetContainerName`, target));
    return [...errors, ...validateEphemeralFields(container, at)];
  });
}

function validateEphemeralFields(container: EphemeralContainer, path: string): FieldError[] {
  const detail = "cannot be set for an Ephemeral Container";
  return [
    ...NOT_FOR_EPHEMERAL.filter((field) => isSet(container[field])).map((field) =>
      forbidden(`${path}.${field}`, detail),
    ),
    ...(container.volumeMounts ?? []).flatMap(({ subPath, subPathExpr }, i) => [
      ...(subPath ? [forbidden(`${path}.volumeMounts[${i}].subPath`, detail)] : []),
      ...(subPathExpr ? [forbidden(`${path}.volumeMounts[${i}].subPathExpr`, detail)] : []),
    ]),
  ];
}

function isSet(value: unknown): boolean {
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : value !== undefined;
}

/** In pods, not in templates: no blanks around the image. */
export function validateTrimmedImage({ image = "" }: AnyContainer, path: string): FieldError[] {
  return image === image.trim()
    ? []
    : [invalid(`${path}.image`, image, "must not have leading or trailing whitespace")];
}
