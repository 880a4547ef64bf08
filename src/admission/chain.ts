import type { AdmissionChain, AdmissionPlugin } from "./contract.ts";

/** Runs plugins one after the other in the order given; the first refusal ends it. */
export function admissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const mutating = plugins.filter((plugin) => plugin.mutate);
  const validating = plugins.filter((plugin) => plugin.validate);
  return {
    plugins,
    async mutate(draft, old, attributes) {
      for (const plugin of mutating) {
        if (plugin.handles(attributes)) await plugin.mutate!(draft, old, attributes);
      }
    },
    async validate(object, old, attributes) {
      for (const plugin of validating) {
        if (plugin.handles(attributes)) await plugin.validate!(object, old, attributes);
      }
    },
  };
}

/** Lets everything through. */
export const noAdmission: AdmissionChain = admissionChain([]);
