import { refusal, type Attributes, type Authorizer } from "#auth";
import { forbiddenError } from "#objects";
import type { Operation } from "./operation.ts";
import { namingOf } from "./target.ts";

/** Resolves when it is allowed; else throws 403 in upstream's words. */
export async function authorize(authorizer: Authorizer, attributes: Attributes): Promise<void> {
  const answer = authorizer.authorize(attributes);
  const { decision, reason } = answer instanceof Promise ? await answer : answer;
  if (decision === "allow") return;
  throw forbiddenError(
    { group: attributes.group, resource: attributes.resource },
    attributes.name,
    refusal(attributes, reason),
  );
}

/** What an authorizer is asked about an operation. */
export function attributesOfOperation(operation: Operation, verb: string = operation.verb): Attributes {
  const { target, user, namespace, subresource = "" } = operation;
  return {
    user,
    verb,
    path: "",
    isResource: true,
    group: namingOf(target).group,
    version: target.version.version,
    resource: target.resource.definition.resource,
    subresource,
    namespace,
    name: "name" in operation ? (operation.name ?? "") : "",
  };
}
