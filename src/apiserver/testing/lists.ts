import assert from "node:assert/strict";
import type { KubeObject } from "#objects";
import type { ApiWorld } from "./world.ts";
import { CMS } from "./objects.ts";

/** Asks for tables, and takes plain JSON where there are none. */
export const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/** Creates ConfigMaps that are labelled with their names. */
export const make = async (api: ApiWorld, ...names: string[]) => {
  for (const name of names) {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { name } }, data: { k: name } };
    assert.equal((await api.ask(`POST ${CMS}`, { body })).status, 201);
  }
};

export interface Table {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion?: string };
  readonly columnDefinitions: readonly { readonly name: string }[] | null;
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject | null }[];
}
