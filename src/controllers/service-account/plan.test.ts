import type { Namespace } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { planAccount } from "./plan.ts";

const namespace = (metadata: Namespace["metadata"] = {}): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop", ...metadata },
});

const example = transcripts({
  plan: planAccount,
  tell: ({ type, account: { metadata } }) => `${type} ${metadata.namespace}/${metadata.name}`,
});

example(
  "a namespace without its account gets it",
  { namespace: namespace(), hasAccount: false },
  `
  1. create shop/default
  because the namespace lacks its account
`,
);

example(
  "a namespace that has its account is left alone",
  { namespace: namespace(), hasAccount: true },
  `
  do nothing
  because the account is there
`,
);

example(
  "a namespace that is being deleted gets no account any more",
  { namespace: namespace({ deletionTimestamp: "2026-01-01T00:00:00Z" }), hasAccount: false },
  `
  do nothing
  because the namespace is being deleted
`,
);
