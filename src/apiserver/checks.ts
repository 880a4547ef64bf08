import { badRequest, invalid, invalidObject, schemaForKind, type AnyDraft } from "#objects";
import type { ResolvedResource } from "#registry";
import { isBuiltIn, namingOf } from "./target.ts";

/** That a body is of the version and kind which the path names; what it leaves out is filled in. Throws 400. */
export function checkKind(draft: AnyDraft, apiVersion: string, kind: string): void {
  if (!draft.apiVersion) draft.apiVersion = apiVersion;
  if (!draft.kind) draft.kind = kind;
  const problem = kindProblem(draft.apiVersion, draft.kind, apiVersion, kind);
  if (problem) {
    const version = JSON.stringify(versionOf(draft.apiVersion));
    throw badRequest(`${draft.kind} in version ${version} cannot be handled as a ${kind}: ${problem}`);
  }
  if (draft.apiVersion !== apiVersion) throw otherVersion(draft.apiVersion, apiVersion);
}

/** Why something of one kind cannot become one of another; nothing when only the versions of the kind differ. */
export function kindProblem(
  apiVersion: string,
  kind: string,
  wantedVersion: string,
  wantedKind: string,
): string | undefined {
  const version = versionOf(apiVersion);
  const group = apiVersion.slice(0, Math.max(apiVersion.indexOf("/"), 0));
  if (kind === wantedKind && apiVersion === wantedVersion) return undefined;
  if (!schemaForKind(group, version, kind)) {
    return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme ${SCHEME}`;
  }
  if (kind === wantedKind) return undefined;
  return `converting (${version}.${kind}) to (${packageOf(wantedVersion)}.${wantedKind}): unknown conversion`;
}

/** Where upstream makes the registry of its types, which its text shows. */
const SCHEME = '"pkg/api/legacyscheme/scheme.go:30"';

const versionOf = (apiVersion: string) => apiVersion.slice(apiVersion.indexOf("/") + 1);
/** The package that upstream keeps the type in, which its text shows. */
const packageOf = (apiVersion: string) => (apiVersion.includes("/") ? apiVersion.split(/[./]/, 1)[0]! : "core");

/** That a body is of the target's version and kind. Throws 400; 422 for another kind in place of a custom resource. */
export function checkTargetKind(draft: AnyDraft, target: ResolvedResource): void {
  const { apiVersion, kind, group } = namingOf(target);
  if (isBuiltIn(target)) {
    checkKind(draft, apiVersion, kind);
    return;
  }
  draft.apiVersion ||= apiVersion;
  draft.kind ||= kind;
  if (draft.apiVersion !== apiVersion) throw otherVersion(draft.apiVersion, apiVersion);
  if (draft.kind === kind) return;
  throw invalidObject(group, kind, draft.metadata.name ?? "", [invalid("kind", draft.kind, `must be ${kind}`)]);
}

const otherVersion = (found: string, expected: string) =>
  badRequest(`the API version in the data (${found}) does not match the expected API version (${expected})`);

/** That the object's namespace is the one in the path, or none; then it gets it. Throws 400. */
export function checkNamespace(draft: AnyDraft, namespace: string): void {
  const { metadata } = draft;
  if (!namespace) {
    if (metadata.namespace !== undefined) delete metadata.namespace;
  } else if (!metadata.namespace) metadata.namespace = namespace;
  else if (metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** That the object's name is the one in the path. Throws 400. */
export function checkName(draft: AnyDraft, name: string): void {
  const found = draft.metadata.name ?? "";
  if (!found) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (found !== name) {
    throw badRequest(`the name of the object (${found}) does not match the name on the URL (${name})`);
  }
}
