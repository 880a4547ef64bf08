/** What a field holds: a scalar, any value as YAML (the message Any), or a message by its name. */
export type FieldType = "text" | "bool" | "int64" | "double" | "any" | MessageName;

/** Number and type of a field, and whether it is repeated. */
export type Field = readonly [number: number, type: FieldType, repeated?: "repeated"];

/** How a value of the JSON document becomes a message. */
export type Message =
  /** An object: a field for each key that is known, and keys that begin with `x-` as entries of `extensions`. */
  | { readonly fields: Readonly<Record<string, Field>>; readonly extensions?: number }
  /** An object whose keys are names: an entry of name and value for each. */
  | { readonly entries: number; readonly of: FieldType }
  /** An array, or one value in place of an array of one. */
  | { readonly values: number; readonly of: FieldType }
  /** One of several fields, which may hold its type's zero. */
  | { readonly choose: (value: unknown) => readonly [number: number, type: FieldType] };

export type MessageName =
  | "AdditionalPropertiesItem"
  | "ApiKeySecurity"
  | "BodyParameter"
  | "Definitions"
  | "ExternalDocs"
  | "Info"
  | "ItemsItem"
  | "JsonReference"
  | "NonBodyParameter"
  | "Operation"
  | "Parameter"
  | "ParametersItem"
  | "PathItem"
  | "PathParameter"
  | "Paths"
  | "Properties"
  | "QueryParameter"
  | "Response"
  | "ResponseValue"
  | "Responses"
  | "Schema"
  | "SchemaItem"
  | "SecurityDefinitions"
  | "SecurityDefinitionsItem"
  | "SecurityRequirement"
  | "StringArray"
  | "TypeItem";

/** The numbers of an entry of a map (NamedSchema, NamedAny …), and of the YAML in Any. */
export const ENTRY_NAME = 1;
export const ENTRY_VALUE = 2;
export const ANY_YAML = 2;

/** `openapi.v2.Document`. */
export const DOCUMENT: Readonly<Record<string, Field>> = {
  swagger: [1, "text"],
  info: [2, "Info"],
  paths: [8, "Paths"],
  definitions: [9, "Definitions"],
  security: [12, "SecurityRequirement", "repeated"],
  securityDefinitions: [13, "SecurityDefinitions"],
};

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Fields that come after those that query parameters alone have, from `type` on. */
const parameterFields = (type: number): Readonly<Record<string, Field>> => ({
  required: [1, "bool"],
  in: [2, "text"],
  description: [3, "text"],
  name: [4, "text"],
  type: [type, "text"],
  format: [type + 1, "text"],
  default: [type + 4, "any"],
  uniqueItems: [type + 14, "bool"],
  enum: [type + 15, "any", "repeated"],
});

/**
 * The messages of gnostic's protobuf form of OpenAPI v2 that documents of the API are made of: those of schemas in
 * full, but for xml and discriminators, which Kubernetes has none of.
 */
export const MESSAGES: Readonly<Record<MessageName, Message>> = {
  Info: { fields: { title: [1, "text"], version: [2, "text"], description: [3, "text"] }, extensions: 7 },
  Paths: { entries: 2, of: "PathItem" },
  PathItem: {
    fields: {
      $ref: [1, "text"],
      get: [2, "Operation"],
      put: [3, "Operation"],
      post: [4, "Operation"],
      delete: [5, "Operation"],
      options: [6, "Operation"],
      head: [7, "Operation"],
      patch: [8, "Operation"],
      parameters: [9, "ParametersItem", "repeated"],
    },
    extensions: 10,
  },
  Operation: {
    fields: {
      tags: [1, "text", "repeated"],
      summary: [2, "text"],
      description: [3, "text"],
      externalDocs: [4, "ExternalDocs"],
      operationId: [5, "text"],
      produces: [6, "text", "repeated"],
      consumes: [7, "text", "repeated"],
      parameters: [8, "ParametersItem", "repeated"],
      responses: [9, "Responses"],
      schemes: [10, "text", "repeated"],
      deprecated: [11, "bool"],
      security: [12, "SecurityRequirement", "repeated"],
    },
    extensions: 13,
  },
  ParametersItem: {
    choose: (value) => (isObject(value) && "$ref" in value ? [2, "JsonReference"] : [1, "Parameter"]),
  },
  JsonReference: { fields: { $ref: [1, "text"], description: [2, "text"] } },
  Parameter: {
    choose: (value) =>
      isObject(value) && "in" in value && value.in === "body" ? [1, "BodyParameter"] : [2, "NonBodyParameter"],
  },
  BodyParameter: {
    fields: {
      description: [1, "text"],
      name: [2, "text"],
      in: [3, "text"],
      required: [4, "bool"],
      schema: [5, "Schema"],
    },
    extensions: 6,
  },
  NonBodyParameter: {
    choose: (value) =>
      isObject(value) && "in" in value && value.in === "path" ? [4, "PathParameter"] : [3, "QueryParameter"],
  },
  QueryParameter: { fields: { ...parameterFields(6), allowEmptyValue: [5, "bool"] }, extensions: 23 },
  PathParameter: { fields: parameterFields(5), extensions: 22 },
  Responses: { entries: 1, of: "ResponseValue" },
  ResponseValue: {
    choose: (value) => (isObject(value) && "$ref" in value ? [2, "JsonReference"] : [1, "Response"]),
  },
  Response: { fields: { description: [1, "text"], schema: [2, "SchemaItem"] }, extensions: 5 },
  SchemaItem: { choose: () => [1, "Schema"] },
  Definitions: { entries: 1, of: "Schema" },
  Schema: {
    fields: {
      $ref: [1, "text"],
      format: [2, "text"],
      title: [3, "text"],
      description: [4, "text"],
      default: [5, "any"],
      multipleOf: [6, "double"],
      maximum: [7, "double"],
      exclusiveMaximum: [8, "bool"],
      minimum: [9, "double"],
      exclusiveMinimum: [10, "bool"],
      maxLength: [11, "int64"],
      minLength: [12, "int64"],
      pattern: [13, "text"],
      maxItems: [14, "int64"],
      minItems: [15, "int64"],
      uniqueItems: [16, "bool"],
      maxProperties: [17, "int64"],
      minProperties: [18, "int64"],
      required: [19, "text", "repeated"],
      enum: [20, "any", "repeated"],
      additionalProperties: [21, "AdditionalPropertiesItem"],
      type: [22, "TypeItem"],
      items: [23, "ItemsItem"],
      allOf: [24, "Schema", "repeated"],
      properties: [25, "Properties"],
      readOnly: [27, "bool"],
      externalDocs: [29, "ExternalDocs"],
      example: [30, "any"],
    },
    extensions: 31,
  },
  AdditionalPropertiesItem: { choose: (value) => (typeof value === "boolean" ? [2, "bool"] : [1, "Schema"]) },
  TypeItem: { values: 1, of: "text" },
  ItemsItem: { values: 1, of: "Schema" },
  Properties: { entries: 1, of: "Schema" },
  ExternalDocs: { fields: { description: [1, "text"], url: [2, "text"] }, extensions: 3 },
  SecurityRequirement: { entries: 1, of: "StringArray" },
  StringArray: { values: 1, of: "text" },
  SecurityDefinitions: { entries: 1, of: "SecurityDefinitionsItem" },
  SecurityDefinitionsItem: { choose: () => [2, "ApiKeySecurity"] },
  ApiKeySecurity: {
    fields: { type: [1, "text"], name: [2, "text"], in: [3, "text"], description: [4, "text"] },
    extensions: 5,
  },
};
