import type { KubeObject, PodSpec } from "#objects";
import type { PrinterColumn } from "../../../definition.ts";
import { text } from "../../common/columns.ts";

/** CONTAINERS and IMAGES, which `-o wide` shows for everything that has a pod template. */
export function containerColumns<T extends KubeObject>(
  podSpec: (object: T) => PodSpec | undefined,
  priority = 1,
): readonly PrinterColumn<T>[] {
  const joined = (object: T, field: "name" | "image") =>
    (podSpec(object)?.containers ?? []).map((container) => container[field] ?? "").join(",");
  return [
    text("Containers", (object) => joined(object, "name"), {
      priority,
      description: "Names of the containers in the template",
    }),
    text("Images", (object) => joined(object, "image"), {
      priority,
      description: "Images that the containers in the template run",
    }),
  ];
}
