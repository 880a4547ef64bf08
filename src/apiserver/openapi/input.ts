import type { SchemaTexts } from "#objects";

/** What an OpenAPI document is made of: a group version's resources as plain discovery lists them. */
export interface OpenApiResource {
  /** `deployments`, or `deployments/scale` for a subresource. */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** Of the kind, where they are not those of the group version. */
  readonly group?: string;
  readonly version?: string;
}

export interface GroupVersion {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
}

/** How objects are sent and taken; the first is the preferred one. */
export interface MediaTypes {
  readonly objects: readonly string[];
  readonly watches: readonly string[];
}

export const JSON_AND_YAML: MediaTypes = {
  objects: ["application/json", "application/yaml"],
  watches: ["application/json;stream=watch"],
};

export interface OpenApiOptions {
  readonly texts: SchemaTexts;
  /** Default {@link JSON_AND_YAML}. */
  readonly mediaTypes?: MediaTypes;
  /** Schemas of kinds that are not built in, by `group/version/kind`. */
  readonly schemas?: ReadonlyMap<string, CustomSchema>;
}

export interface CustomSchema {
  /** The name in the document: `com.example.v1.Thing`. */
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export const pathOf = ({ group, version }: GroupVersion): string =>
  group ? `apis/${group}/${version}` : `api/${version}`;
