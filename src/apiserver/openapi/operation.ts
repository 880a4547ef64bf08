import type { Parameter } from "./parameters.ts";
import type { Json } from "./schemas.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";
export const STATUS = `${META}Status`;
export const PATCH = `${META}Patch`;
export const DELETE_OPTIONS = `${META}DeleteOptions`;
export const WATCH_EVENT = `${META}WatchEvent`;
export const API_RESOURCE_LIST = `${META}APIResourceList`;

export type Method = "get" | "put" | "post" | "patch" | "delete" | "head" | "options";

/** An operation before it becomes one of v2 or v3. Bodies and answers are names of types, or a plain string. */
export interface Operation {
  readonly method: Method;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  /** x-kubernetes-action */
  readonly action?: string;
  readonly kind?: Json;
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly type: string; readonly required: boolean; readonly mediaTypes: readonly string[] };
  readonly answer: { readonly codes: readonly number[]; readonly type: string; readonly mediaTypes: readonly string[] };
}

/** Operations by path. */
export type Paths = Map<string, Operation[]>;
