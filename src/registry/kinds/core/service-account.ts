import {
  conflict,
  formatTime,
  invalid,
  invalidObject,
  schemaOf,
  StatusError,
  withNulls,
  type AnyDraft,
  type AuthenticationV1TokenRequest,
  type KubeObject,
  type ObjectKey,
  type ServiceAccount,
} from "#objects";
import type { ResourceDefinition, WriteContext } from "../../definition.ts";
import { AGE } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

/** Signs a token for a service account; gets the validated request and answers it with its status filled in. */
export type IssueToken = (request: {
  readonly key: ObjectKey;
  readonly serviceAccount: ServiceAccount;
  readonly body: AnyDraft;
  readonly context: WriteContext;
}) => Promise<AuthenticationV1TokenRequest>;

const noIssuer = (): StatusError =>
  new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "this server has no service account signing key: it cannot issue tokens",
    reason: "NotImplemented",
    code: 501,
  });

const ENFORCE = "kubernetes.io/enforce-mountable-secrets";
const TOKEN_SCHEMA = "io.k8s.api.authentication.v1.TokenRequest";
const TOKEN_REQUEST = { group: "authentication.k8s.io", resource: "TokenRequest" };

/** Without `issueToken` the token subresource answers 501. */
export const serviceAccountDefinition = (issueToken?: IssueToken): ResourceDefinition =>
  define<ServiceAccount>({
    group: "",
    resource: "serviceaccounts",
    singular: "serviceaccount",
    kind: "ServiceAccount",
    shortNames: ["sa"],
    namespaced: true,
    storageVersion: "v1",
    versions: [served("core", "v1", "ServiceAccount")],
    returnsDeletedObject: true,
    warnings: ({ metadata }, old) =>
      metadata.annotations?.[ENFORCE] === undefined || old?.metadata.annotations?.[ENFORCE] !== undefined
        ? []
        : [
            `metadata.annotations[${ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
          ],
    subresources: {
      token: {
        type: "create",
        body: {
          group: "authentication.k8s.io",
          version: "v1",
          kind: "TokenRequest",
          get schema() {
            return schemaOf(TOKEN_SCHEMA);
          },
        },
        async handle({ key, body, context, parent }): Promise<KubeObject> {
          const { name, uid } = body.metadata ?? {};
          if (name && name !== key.name) {
            const error = invalid("metadata.name", name, "must match the service account name if specified");
            throw invalidObject(TOKEN_REQUEST.group, TOKEN_REQUEST.resource, key.name, [error]);
          }
          const serviceAccount = await parent();
          const { uid: found = "" } = serviceAccount.metadata;
          if (uid && uid !== found) {
            const detail = `the UID in the token request (${uid}) does not match the UID of the service account (${found})`;
            throw conflict(TOKEN_REQUEST, key.name, detail);
          }
          if (!issueToken) throw noIssuer();
          const metadata = { ...body.metadata, ...key, uid: found, creationTimestamp: formatTime(context.now) };
          const issued = await issueToken({ key, serviceAccount, body: { ...body, metadata }, context });
          return withNulls(issued, schemaOf(TOKEN_SCHEMA));
        },
      },
    },
    columns: [AGE],
  });
