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

/** Adds or replaces the cluster, user and context of a name; `use` makes it the current context. */
export function addContext(document: Document, name: string, access: ClusterAccess, use: boolean): void {
  put(document, "clusters", {
    name,
    cluster: { "certificate-authority-data": base64(access.authority), server: access.server },
  } as { name: string });
  put(document, "contexts", { name, context: { cluster: name, user: name } } as { name: string });
  put(document, "users", {
    name,
    user: {
      "client-certificate-data": base64(access.certificate),
      "client-key-data": base64(access.privateKey),
    },
  } as { name: string });
  if (use || document.get("current-context") === undefined) document.set("current-context", name);
}

/** Takes the entries of a name out again; returns whether there were any. */
export function removeContext(document: Document, name: string): boolean {
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
    document.set("current-context", "");
    found = true;
  }
  return found;
}

/** A kubeconfig of its own with one context. */
export function kubeconfigFor(name: string, access: ClusterAccess): string {
  const document = parseKubeconfig("");
  addContext(document, name, access, true);
  return document.toString();
}
