import { badRequest, notFoundError, type AnyDraft, type Binding } from "#objects";
import { define, served } from "../common/define.ts";

/** The old way to bind a pod: the same as creating its `binding` subresource, the pod being named in the metadata. */
export const bindings = define<Binding>({
  group: "",
  resource: "bindings",
  singular: "binding",
  kind: "Binding",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("core", "v1", "Binding")],
  verbs: ["create"],
  async compute(draft, context) {
    const { name, namespace } = draft.metadata;
    if (!name || !namespace) throw badRequest("name is required");
    const pods = context.registry.resource("", "pods");
    const binding = pods?.definition.subresources?.["binding"];
    if (!pods || binding?.type !== "create") throw notFoundError({ group: "", resource: "pods" }, name);
    const key = { namespace, name };
    const parent = async () => (await pods.get(key)).object;
    return binding.handle({ key, body: draft as AnyDraft, context, parent });
  },
});
