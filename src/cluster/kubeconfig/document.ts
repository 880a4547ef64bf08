import { Document, isMap, isScalar, isSeq, parseDocument, YAMLMap, YAMLSeq } from "yaml";

/** What a cluster is reached by. Certificates and keys are PEM. */
export interface ClusterAccess {
  readonly server: string;
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** The file holds something else than a kubeconfig. `message` says where. */
export class CorruptKubeconfig extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CorruptKubeconfig";
  }
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Parses a kubeconfig, keeping comments, order and unknown fields. Empty text is an empty kubeconfig. */
export function parseKubeconfig(text: string): Document {
  const document = parseDocument(text);
  const error = document.errors[0];
  if (error) throw new CorruptKubeconfig(error.message.split("\n")[0]!.replace(/:$/, ""));
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return new Document({ apiVersion: "v1", kind: "Config" });
  }
  if (!isMap(document.contents)) throw new CorruptKubeconfig("expected a mapping at the top");
  const kind: unknown = document.get("kind");
  if (kind !== undefined && kind !== "Config")
    throw new CorruptKubeconfig(`kind is ${JSON.stringify(kind)}, expected "Config"`);
  for (const section of ["clusters", "users", "contexts"]) {
    const value: unknown = document.get(section);
    if (value !== undefined && value !== null && !isSeq(value)) throw new CorruptKubeconfig(`${section} is not a list`);
  }
  return document;
}

function entries(document: Document, section: string): YAMLSeq {
  const present = document.get(section);
  if (isSeq(present)) return present as YAMLSeq;
  const list = new YAMLSeq();
  document.set(section, list);
  return list;
}

const named = (list: YAMLSeq, name: string) =>
  list.items.findIndex((item) => isMap(item) && (item as YAMLMap).get("name") === name);

function put(document: Document, section: string, entry: { readonly name: string }): void {
  const list = entries(document, section);
  const at = named(list, entry.name);
  const node = document.createNode(entry);
  if (at < 0) list.items.push(node);
  else list.items[at] = node;
}

/** An entry may say more by extensions of this name: here, which data directory it is about. */
const EXTENSION = "knarr.dev/cluster";

/** What entries of a name say of the cluster they are about. */
export interface Entries {
  /** The certificate of its authority, PEM. */
  readonly authority?: string;
  /** Where its data is, when the entries are Knarr's. */
  readonly dataDir?: string;
}

interface ClusterEntry {
  readonly name: string;
  readonly cluster?: {
    readonly "certificate-authority-data"?: string;
    readonly extensions?: readonly { readonly name: string; readonly extension?: { readonly dataDir?: string } }[];
  } | null;
}

/** Of the cluster, user and context of a name; undefined when there is none of them. */
export function entriesOf(document: Document, name: string): Entries | undefined {
  const found = ["clusters", "contexts", "users"].map((section) => {
    const list = document.get(section);
    if (!isSeq(list)) return undefined;
    const at = named(list as YAMLSeq, name);
    return at < 0 ? undefined : (list.items[at] as YAMLMap);
  });
  if (found.every((entry) => entry === undefined)) return undefined;
  const { cluster } = (found[0]?.toJSON() ?? {}) as Partial<ClusterEntry>;
  const authority = cluster?.["certificate-authority-data"];
  const dataDir = cluster?.extensions?.find((one) => one.name === EXTENSION)?.extension?.dataDir;
  return {
    ...(typeof authority === "string" ? { authority: Buffer.from(authority, "base64").toString() } : {}),
    ...(typeof dataDir === "string" ? { dataDir } : {}),
  };
}

export interface AddedContext {
  readonly name: string;
  readonly access: ClusterAccess;
  /** Makes it the current context; where there is none it becomes so anyway. */
  readonly use: boolean;
  readonly dataDir?: string;
}

/** Adds or replaces the cluster, user and context of a name. Returns the current context of before. */
export function addContext(document: Document, { name, access, use, dataDir }: AddedContext): string {
  put(document, "clusters", {
    name,
    cluster: {
      "certificate-authority-data": base64(access.authority),
      ...(dataDir === undefined ? {} : { extensions: [{ extension: { dataDir }, name: EXTENSION }] }),
      server: access.server,
    },
  } as { name: string });
  put(document, "contexts", { name, context: { cluster: name, user: name } } as { name: string });
  put(document, "users", {
    name,
    user: {
      "client-certificate-data": base64(access.certificate),
      "client-key-data": base64(access.privateKey),
    },
  } as { name: string });
  const current = document.get("current-context");
  const before = typeof current === "string" ? current : "";
  if (use || before === "") document.set("current-context", name);
  return before;
}

/**
 * Takes the entries of a name out again; returns whether there were any. Where it was the current context, the one of
 * before is so again, if it is still there, and else none.
 */
export function removeContext(document: Document, name: string, before = ""): boolean {
  let found = false;
  for (const section of ["clusters", "contexts", "users"]) {
    const list = document.get(section);
    if (!isSeq(list)) continue;
    const at = named(list as YAMLSeq, name);
    if (at >= 0) {
      list.items.splice(at, 1);
      found = true;
    }
  }
  if (document.get("current-context") === name) {
    const contexts = document.get("contexts");
    const isThere = isSeq(contexts) && named(contexts as YAMLSeq, before) >= 0;
    document.set("current-context", isThere ? before : "");
    found = true;
  }
  return found;
}

/** A kubeconfig of its own with one context. */
export function kubeconfigFor(name: string, access: ClusterAccess): string {
  const document = parseKubeconfig("");
  addContext(document, { name, access, use: true });
  return document.toString();
}
