import {
  CLASS_ANNOTATION,
  parseQuantity,
  quantityMilliValue,
  type ObjectMeta,
  type PersistentVolumeClaimSpec,
} from "#objects";

/** Of claims and volumes: the class is a field by now. Source: upstream pkg/api/persistentvolumeclaim. */
export const storageClassWarnings = ({ annotations }: ObjectMeta): string[] =>
  annotations?.[CLASS_ANNOTATION] === undefined
    ? []
    : [`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`];

/** Source: upstream GetWarningsForPersistentVolumeClaimSpec. */
export const claimSpecWarnings = (spec: PersistentVolumeClaimSpec | undefined, path: string): string[] => [
  ...fractionalBytes(spec?.resources?.requests, ["storage"], `${path}.resources.requests`),
  ...fractionalBytes(spec?.resources?.limits, ["storage"], `${path}.resources.limits`),
];

/** Bytes are whole. */
export function fractionalBytes(
  quantities: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
  path: string,
): string[] {
  return names.flatMap((name) => {
    const quantity = quantities?.[name];
    if (quantity === undefined || quantityMilliValue(parseQuantity(quantity)) % 1000 === 0) return [];
    return [`${path}[${name}]: fractional byte value ${JSON.stringify(quantity)} is invalid, must be an integer`];
  });
}
