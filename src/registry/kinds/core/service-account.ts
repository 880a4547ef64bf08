import {
  StatusError,
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
    subresources: {
      token: {
        type: "create",
        body: {
          group: "authentication.k8s.io",
          version: "v1",
          kind: "TokenRequest",
          schema: "io.k8s.api.authentication.v1.TokenRequest",
        },
        async handle({ key, body, context, parent }): Promise<KubeObject> {
          const serviceAccount = await parent();
          if (!issueToken) throw noIssuer();
          return issueToken({ key, serviceAccount, body, context });
        },
      },
    },
    columns: [AGE],
  });
