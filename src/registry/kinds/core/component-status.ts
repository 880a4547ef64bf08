import type { ComponentStatus } from "#objects";
import { text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

/**
 * The parts that upstream reports here; they are one process with this server, so a client that gets an answer finds
 * them up.
 */
const COMPONENTS: readonly (readonly [name: string, message: string])[] = [
  ["controller-manager", "ok"],
  ["etcd-0", "ok"],
  ["scheduler", "ok"],
];

const healthy = ({ conditions }: ComponentStatus) => conditions?.find(({ type }) => type === "Healthy");

const statusText = (component: ComponentStatus): string => {
  const condition = healthy(component);
  return !condition ? "Unknown" : condition.status === "True" ? "Healthy" : "Unhealthy";
};

export const componentStatuses = define<ComponentStatus>({
  group: "",
  resource: "componentstatuses",
  singular: "componentstatus",
  kind: "ComponentStatus",
  shortNames: ["cs"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("core", "v1", "ComponentStatus", { deprecation: "v1 ComponentStatus is deprecated in v1.19+" })],
  verbs: ["get", "list"],
  computedObjects: () =>
    COMPONENTS.map(([name, message]) => ({
      apiVersion: "v1",
      kind: "ComponentStatus",
      metadata: { name },
      conditions: [{ type: "Healthy", status: "True", message }],
    })),
  columns: [
    text("Status", statusText),
    text("Message", (component) => healthy(component)?.message ?? ""),
    text("Error", (component) => healthy(component)?.error ?? ""),
  ],
});
