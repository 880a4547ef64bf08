import { invalid, type FieldError } from "#objects";
import { nonNegative } from "../common/checks.ts";

/** Figures of a workload's status. */
type Figures = { readonly [field: string]: unknown };

const MORE_THAN_REPLICAS = "cannot be greater than status.replicas";

/** No figure is negative, and those in `within` do not exceed `replicas`. */
export function validateFigures(
  status: object | undefined,
  fields: readonly string[],
  within: readonly string[],
): FieldError[] {
  const figures = (status ?? {}) as Figures;
  const figure = (name: string) => (typeof figures[name] === "number" ? figures[name] : undefined);
  const replicas = figure("replicas") ?? 0;
  return [
    ...fields.flatMap((name) => nonNegative(`status.${name}`, figure(name))),
    ...within
      .filter((name) => (figure(name) ?? 0) > replicas)
      .map((name) => invalid(`status.${name}`, figure(name), MORE_THAN_REPLICAS)),
  ];
}

/** What is available is ready. */
export function validateAvailable(
  status: {
    readonly availableReplicas?: number;
    readonly readyReplicas?: number;
  } = {},
): FieldError[] {
  const { availableReplicas = 0, readyReplicas = 0 } = status;
  return availableReplicas > readyReplicas
    ? [invalid("status.availableReplicas", availableReplicas, "cannot be greater than readyReplicas")]
    : [];
}

/** Names are made from the collision count: it never goes back. */
export function validateCollisionCount(count: number | undefined, old: number | undefined): FieldError[] {
  return (count ?? 0) < (old ?? 0) ? [invalid("status.collisionCount", count ?? 0, "cannot be decremented")] : [];
}
