import type { KubeObject } from "#objects";
import type { CreateSubresource } from "#registry";
import { attributesOf } from "../admit.ts";
import { decodeBody } from "../bodies.ts";
import { checkKind, checkNamespace } from "../checks.ts";
import type { ServerContext } from "../server-context.ts";
import type { Result } from "../operation.ts";
import type { OperationOf } from "./operation-of.ts";

/** POST to `binding`, `eviction`, `token`: the body is of the subresource's own kind. */
export async function createSubresource(
  context: ServerContext,
  operation: OperationOf<"create">,
  subresource: CreateSubresource<KubeObject>,
): Promise<Result> {
  const { target, namespace, name = "", body, options, user, warn } = operation;
  const { resource } = target;
  const { group, version, kind, schema } = subresource.body;
  const apiVersion = group ? `${group}/${version}` : version;
  const draft = await decodeBody(body, { apiVersion, kind, schema, fieldValidation: options.fieldValidation, warn });
  checkKind(draft, apiVersion, kind);
  checkNamespace(draft, namespace);
  const attributes = attributesOf(operation, "CREATE", name, options.dryRun);
  await context.admission.mutate(draft, undefined, attributes);
  await context.admission.validate(draft as KubeObject, undefined, attributes);
  const key = { namespace, name };
  const value = await subresource.handle({
    key,
    body: draft,
    context: {
      user,
      now: context.clock.now(),
      dryRun: options.dryRun,
      registry: context.registry,
    },
    parent: async () => (await resource.get(key)).object,
  });
  return { type: "value", value, code: 201 };
}
