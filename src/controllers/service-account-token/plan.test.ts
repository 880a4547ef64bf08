import type { Secret, ServiceAccount } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planToken, type TokenView } from "./plan.ts";

const example = transcripts({
  plan: planToken,
  tell(step) {
    switch (step.type) {
      case "delete":
        return `delete the Secret ${step.secret.metadata.name}`;
      case "fill": {
        const token = step.needsToken ? [`a token of ${step.account.metadata.uid}`] : [];
        return `put ${[...Object.entries(step.data).map(([key, value]) => `${key}=${value}`), ...token].join(", ")} in`;
      }
      case "drop-reference":
        return `leave [${step.secrets.map(({ name }) => name).join(" ")}] in ${step.account.metadata.name}`;
    }
  },
});

const account = (more: Partial<ServiceAccount> = {}): ServiceAccount => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { namespace: "ci", name: "robot", uid: "u1" },
  ...more,
});

const secret = (more: Partial<Secret> = {}, uid?: string, metadata: Secret["metadata"] = {}): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    namespace: "ci",
    name: "s",
    annotations: {
      "kubernetes.io/service-account.name": "robot",
      ...(uid ? { "kubernetes.io/service-account.uid": uid } : {}),
    },
    ...metadata,
  },
  type: "kubernetes.io/service-account-token",
  ...more,
});

const view = (given: Pick<TokenView, "secret" | "account">): TokenView => ({
  secretName: "s",
  authority: "Q0E=",
  namespace: "Y2k=",
  ...given,
});

example(
  "a Secret that names an account gets all that it lacks",
  view({ secret: secret(), account: account() }),
  `
  1. put ca.crt=Q0E=, namespace=Y2k=, a token of u1 in
  because it lacks ca.crt, namespace, token
`,
);

example(
  "a Secret that has its token keeps it when the authority changes",
  view({ secret: secret({ data: { "ca.crt": "b2xk", namespace: "Y2k=", token: "dA==" } }, "u1"), account: account() }),
  `
  1. put ca.crt=Q0E= in
  because it lacks ca.crt
`,
);

example(
  "a token that was emptied is made anew, and what the user put there stays",
  view({ secret: secret({ data: { "ca.crt": "Q0E=", namespace: "b3du", token: "" } }, "u1"), account: account() }),
  `
  1. put a token of u1 in
  because it lacks token
`,
);

example(
  "a Secret that is filled in is left alone",
  view({ secret: secret({ data: { "ca.crt": "Q0E=", namespace: "Y2k=", token: "dA==" } }, "u1"), account: account() }),
  `
  do nothing
  because it is filled in
`,
);

example(
  "a Secret whose account is not there goes",
  view({ secret: secret(), account: undefined }),
  `
  1. delete the Secret s
  because its account is not there
`,
);

example(
  "a Secret does not pass on to the next account of the name",
  view({ secret: secret({}, "u0"), account: account() }),
  `
  1. delete the Secret s
  because its account is another one now
`,
);

example(
  "a Secret that is being deleted is left alone",
  view({ secret: secret({}, "u0", { deletionTimestamp: "2026-01-01T00:00:00Z" }), account: account() }),
  `
  do nothing
  because the Secret is being deleted
`,
);

example(
  "a Secret that was made immutable before it was filled in stays as it is",
  view({ secret: secret({ immutable: true }), account: account() }),
  `
  do nothing
  because its data may not be changed
`,
);

example(
  "an account loses its reference to a Secret that is gone, and keeps the others",
  view({ secret: undefined, account: account({ secrets: [{ name: "a" }, { name: "s" }] }) }),
  `
  1. leave [a] in robot
  because its account refers to the Secret, which is gone
`,
);

example(
  "an account that does not refer to it is left alone when a Secret goes",
  view({ secret: undefined, account: account({ secrets: [{ name: "a" }] }) }),
  `
  do nothing
  because the Secret is gone and no account refers to it
`,
);
