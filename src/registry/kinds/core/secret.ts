import {
  configMapKey,
  forbidden,
  invalid,
  required,
  sameJson,
  tooLong,
  type Draft,
  type FieldError,
  type Secret,
} from "#objects";
import { base64Length, decodeBase64, encodeBase64 } from "#base";
import { each, unchanged } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { IMMUTABLE_DATA, MAX_DATA_SIZE } from "./config-map.ts";

const SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name";

function applyDefaults(draft: Draft<Secret>): void {
  draft.type ||= "Opaque";
  if (!draft.stringData) return;
  // Write-only: what stands in stringData wins over data, and only data is stored.
  const data = (draft.data ??= {}) as Record<string, string>;
  for (const [key, value] of Object.entries(draft.stringData)) data[key] = encodeBase64(value);
  delete draft.stringData;
}

/** That a key of data holds a JSON object; its content never appears in an error. */
function jsonErrors(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const field = `data[${key}]`;
  const encoded = data[key];
  if (encoded === undefined) return [required(field)];
  try {
    const value: unknown = JSON.parse(decodeBase64(encoded));
    if (value === null || (typeof value === "object" && !Array.isArray(value))) return [];
    return [
      invalid(
        field,
        "<secret contents redacted>",
        "json: cannot unmarshal into a Go value of type map[string]interface {}",
      ),
    ];
  } catch {
    const detail = encoded === "" ? "unexpected end of JSON input" : "invalid character in JSON input";
    return [invalid(field, "<secret contents redacted>", detail)];
  }
}

/** What each type of Secret must hold. */
function typeErrors({ type, data = {}, metadata }: Secret): FieldError[] {
  const lacking = (...keys: string[]) => keys.filter((key) => !(key in data)).map((key) => required(`data[${key}]`));
  switch (type ?? "") {
    case "kubernetes.io/service-account-token":
      return metadata.annotations?.[SERVICE_ACCOUNT_NAME]
        ? []
        : [required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`)];
    case "kubernetes.io/dockercfg":
      return jsonErrors(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return jsonErrors(data, ".dockerconfigjson");
    case "kubernetes.io/basic-auth":
      return "username" in data || "password" in data ? [] : lacking("username", "password");
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? [] : [required("data[ssh-privatekey]")];
    case "kubernetes.io/tls":
      return lacking("tls.crt", "tls.key");
    default:
      return [];
  }
}

function validate(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    errors.push(...each(`data[${key}]`, key, configMapKey(key)));
    size += base64Length(value);
  }
  if (size > MAX_DATA_SIZE) errors.push(tooLong("data", "", MAX_DATA_SIZE));
  return [...errors, ...typeErrors(secret)];
}

function validateUpdate(object: Secret, old: Secret): FieldError[] {
  const errors = unchanged("type", object.type, old.type);
  if (!old.immutable) return errors;
  if (!object.immutable) errors.push(forbidden("immutable", IMMUTABLE_DATA));
  if (!sameJson(object.data, old.data)) errors.push(forbidden("data", IMMUTABLE_DATA));
  return errors;
}

export const secrets = define<Secret>({
  group: "",
  resource: "secrets",
  singular: "secret",
  kind: "Secret",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "Secret")],
  applyDefaults,
  validate,
  validateUpdate,
  selectableFields: { type: ({ type }) => type ?? "" },
  columns: [text("Type", ({ type }) => type ?? ""), text("Data", ({ data = {} }) => Object.keys(data).length), AGE],
});
