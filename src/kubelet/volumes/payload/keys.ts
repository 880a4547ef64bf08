import type { ConfigMap, KeyToPath, Secret } from "#objects";
import type { Payload, PayloadFile } from "./payload.ts";

/** Which keys of an object become files, and which modes they get. */
export interface KeySelection {
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
  readonly defaultMode: number;
}

/** The files of a ConfigMap; none when it is missing. Throws an Error with upstream's text. */
export function configMapPayload(configMap: ConfigMap | undefined, selection: KeySelection): Payload {
  const { data = {}, binaryData = {} } = configMap ?? {};
  const contents = new Map<string, Uint8Array>();
  for (const key in data) contents.set(key, Buffer.from(data[key]!));
  for (const key in binaryData) if (!contents.has(key)) contents.set(key, Buffer.from(binaryData[key]!, "base64"));
  return select(contents, selection, "configmap references non-existent config key");
}

/** The files of a Secret; none when it is missing. Throws an Error with upstream's text. */
export function secretPayload(secret: Secret | undefined, selection: KeySelection): Payload {
  const contents = new Map<string, Uint8Array>();
  const { data = {} } = secret ?? {};
  for (const key in data) contents.set(key, Buffer.from(data[key]!, "base64"));
  return select(contents, selection, "references non-existent secret key");
}

function select(
  contents: ReadonlyMap<string, Uint8Array>,
  { items = [], optional = false, defaultMode }: KeySelection,
  complaint: string,
): Payload {
  const files = new Map<string, PayloadFile>();
  if (items.length === 0) {
    for (const [key, data] of contents) files.set(key, { data, mode: defaultMode });
    return files;
  }
  for (const { key, path, mode = defaultMode } of items) {
    const data = contents.get(key);
    if (data) files.set(path, { data, mode });
    else if (!optional) throw new Error(`${complaint}: ${key}`);
  }
  return files;
}
