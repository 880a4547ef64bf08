import {
  cIdentifier,
  configMapKey,
  dnsSubdomain,
  envVarName,
  invalid,
  required,
  type EnvFromSource,
  type EnvVar,
  type EnvVarSource,
  type FieldError,
  type FileKeySelector,
} from "#objects";
import { each, present } from "../../../common/checks.ts";
import type { ContainerContext } from "./context.ts";
import { ENV_FIELDS, validateFieldRef, validateResourceFieldRef } from "./downward.ts";
import { validateNonReserved } from "./paths.ts";

/** Source: upstream ValidateEnv. */
export function validateEnv(variables: readonly EnvVar[], path: string, context: ContainerContext): FieldError[] {
  return variables.flatMap((variable, i) => [
    ...present(`${path}[${i}].name`, variable.name, envVarName),
    ...(variable.valueFrom ? validateValueFrom(variable, variable.valueFrom, `${path}[${i}].valueFrom`, context) : []),
  ]);
}

function validateValueFrom(
  { value }: EnvVar,
  source: EnvVarSource,
  path: string,
  context: ContainerContext,
): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  const errors = [
    ...(fieldRef ? validateFieldRef(fieldRef, ENV_FIELDS, `${path}.fieldRef`) : []),
    ...(resourceFieldRef ? validateResourceFieldRef(resourceFieldRef, false, `${path}.resourceFieldRef`) : []),
    ...(configMapKeyRef ? validateKeyRef(configMapKeyRef, `${path}.configMapKeyRef`) : []),
    ...(secretKeyRef ? validateKeyRef(secretKeyRef, `${path}.secretKeyRef`) : []),
    ...(fileKeyRef ? validateFileKeyRef(fileKeyRef, `${path}.fileKeyRef`, context) : []),
  ];
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
  if (count === 0) {
    const detail =
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    errors.push(invalid(path, "", detail));
  } else if (value) {
    errors.push(invalid(path, "", "may not be specified when `value` is not empty"));
  } else if (count > 1) {
    errors.push(invalid(path, "", "may not have more than one field specified at a time"));
  }
  return errors;
}

function validateKeyRef({ name, key }: { readonly name?: string; readonly key: string }, path: string): FieldError[] {
  return [...each(`${path}.name`, name ?? "", dnsSubdomain(name ?? "")), ...present(`${path}.key`, key, configMapKey)];
}

function validateFileKeyRef(ref: FileKeySelector, path: string, { volumes }: ContainerContext): FieldError[] {
  const volume = volumes.get(ref.volumeName);
  return [
    ...present(`${path}.key`, ref.key, cIdentifier),
    ...(ref.volumeName ? [] : [required(`${path}.volumeName`)]),
    ...(volume && !volume.emptyDir
      ? [invalid(`${path}.volumeName`, ref.volumeName, "referenced volume must be of type emptyDir")]
      : []),
    ...(ref.path ? validateNonReserved(ref.path, `${path}.path`) : [required(`${path}.path`)]),
  ];
}

/** Source: upstream ValidateEnvFrom. */
export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, i) => {
    const errors: FieldError[] = [];
    if (prefix) errors.push(...each(`${path}[${i}].prefix`, prefix, envVarName(prefix)));
    const named = (name: string) => dnsSubdomain(name, true);
    if (configMapRef) errors.push(...present(`${path}[${i}].configMapRef.name`, configMapRef.name, named));
    if (secretRef) errors.push(...present(`${path}[${i}].secretRef.name`, secretRef.name, named));
    if (!configMapRef && !secretRef) {
      errors.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    } else if (configMapRef && secretRef) {
      errors.push(invalid(path, "", "may not have more than one field specified at a time"));
    }
    return errors;
  });
}
