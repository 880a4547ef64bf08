import { decodeBase64, messageOf } from "#base";
import { goQuote, type ConfigMap, type EnvVarSource, type Pod, type Secret } from "#objects";
import { RuntimeError, type AnyContainer } from "../runtime.ts";
import { envFileValue } from "./env-file.ts";
import { expand } from "./expand.ts";
import { variableField, type PodAddresses } from "./fields.ts";
import type { FileReference } from "./references.ts";
import { variableResource, type Quantities } from "./resources.ts";

/** Everything outside of a container's spec that its environment depends on, looked up. */
export interface Surroundings extends PodAddresses {
  /** What the node can give its pods. */
  readonly allocatable: Quantities;
  /** By name; undefined: there is none. */
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
  /** The text of a file in a volume; an Error: why it cannot be read. */
  readonly file: (reference: FileReference) => string | Error;
  /** The variables that tell of Services. */
  readonly services: ReadonlyMap<string, string>;
}

export interface Environment {
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** In order; each name once. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/**
 * A container's environment and command line (upstream makeEnvironmentVariables). envFrom comes first, then env in
 * its order, each variable over what was there before; `$(VAR)` sees what has been set so far, and Services.
 *
 * @throws RuntimeError CreateContainerConfigError with upstream's text.
 */
export function resolveEnvironment(pod: Pod, container: AnyContainer, around: Surroundings): Environment {
  const variables = new Map<string, string>();
  const valueOf = (name: string) => variables.get(name) ?? around.services.get(name);
  addAll(variables, container, around);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const resolved = value ? expand(value, valueOf) : valueFrom ? fromSource(valueFrom, pod, container, around) : "";
    if (resolved !== undefined) variables.set(name, resolved);
  }
  for (const [name, value] of around.services) if (!variables.has(name)) variables.set(name, value);
  const { command = [], args = [] } = container;
  return {
    command: command.map((word) => expand(word, valueOf)),
    args: args.map((word) => expand(word, valueOf)),
    env: [...variables].map(([name, value]) => ({ name, value })),
  };
}

function addAll(variables: Map<string, string>, { envFrom = [] }: AnyContainer, around: Surroundings): void {
  for (const { prefix = "", configMapRef, secretRef } of envFrom) {
    if (configMapRef) {
      const { data = {} } = found("configmap", configMapRef, around.configMap) ?? {};
      for (const key in data) variables.set(prefix + key, data[key]!);
    } else if (secretRef) {
      const { data = {} } = found("secret", secretRef, around.secret) ?? {};
      for (const key in data) variables.set(prefix + key, decodeBase64(data[key]!));
    }
  }
}

/** Undefined: the variable is left out. */
function fromSource(source: EnvVarSource, pod: Pod, container: AnyContainer, around: Surroundings): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef) return told(() => variableField(fieldRef, pod, around));
  if (resourceFieldRef) {
    return told(() => variableResource(resourceFieldRef, pod, container, around.allocatable));
  }
  if (configMapKeyRef) {
    const configMap = found("configmap", configMapKeyRef, around.configMap);
    return configMap && keyOf(configMap.data, configMapKeyRef, "ConfigMap", pod);
  }
  if (secretKeyRef) {
    const secret = found("secret", secretKeyRef, around.secret);
    const encoded = secret && keyOf(secret.data, secretKeyRef, "Secret", pod);
    return encoded === undefined ? undefined : decodeBase64(encoded);
  }
  if (!fileKeyRef) return "";
  const { volumeName, path, key, optional } = fileKeyRef;
  const text = around.file({ volume: volumeName, path });
  if (text instanceof Error) throw configError(text.message);
  const value = told(() => envFileValue(text, key), "couldn't parse env file");
  if (value) return value;
  if (optional) return undefined;
  throw configError(`environment variable key ${goQuote(key)} not found in file ${goQuote(path)}`);
}

interface Selector {
  readonly name?: string;
  readonly optional?: boolean;
}

/** The object that is referred to. Undefined: there is none, and there need not be. */
function found<T>(
  kind: string,
  { name = "", optional }: Selector,
  find: (name: string) => T | undefined,
): T | undefined {
  const object = find(name);
  if (!object && !optional) throw configError(`${kind} ${goQuote(name)} not found`);
  return object;
}

function keyOf(
  data: Readonly<Record<string, string>> | undefined,
  { name = "", key, optional }: Selector & { readonly key: string },
  kind: string,
  { metadata }: Pod,
): string | undefined {
  if (data && Object.hasOwn(data, key)) return data[key];
  if (optional) return undefined;
  throw configError(`couldn't find key ${key} in ${kind} ${metadata.namespace}/${name}`);
}

const configError = (message: string) => new RuntimeError("CreateContainerConfigError", message);

/** The value, or its error as that of the container. */
function told<T>(value: () => T, message?: string): T {
  try {
    return value();
  } catch (error) {
    throw configError(message ?? messageOf(error));
  }
}
