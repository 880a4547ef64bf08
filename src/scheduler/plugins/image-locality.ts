import { MAX_SCORE, type ScorePlugin } from "./plugin.ts";

const MB = 1024 * 1024;
const MIN_THRESHOLD = 23 * MB;
const MAX_CONTAINER_THRESHOLD = 1000 * MB;

/** The name that a node lists an image under: with a tag (upstream imagelocality normalizedImageName). */
export function normalizedImageName(name: string): string {
  return name.lastIndexOf(":") <= name.lastIndexOf("/") ? `${name}:latest` : name;
}

/** Nodes that have the pod's images already; large ones count more, and ones that many nodes have. */
export const imageLocality: ScorePlugin = {
  name: "ImageLocality",
  weight: 1,
  prepare({ pod }, view) {
    const { containers = [], initContainers = [] } = pod.spec ?? {};
    const wanted = [...initContainers, ...containers].flatMap(({ image = "" }) => {
      const name = normalizedImageName(image);
      const nodes = view.nodesWithImage(name);
      return nodes > 0 ? [{ name, spread: nodes / view.nodes.length }] : [];
    });
    if (wanted.length === 0) return undefined;
    const max = MAX_CONTAINER_THRESHOLD * (containers.length + initContainers.length);
    return {
      score({ images }) {
        let sum = 0;
        for (const { name, spread } of wanted) sum += Math.floor((images.get(name) ?? 0) * spread);
        const bounded = Math.min(Math.max(sum, MIN_THRESHOLD), max);
        return Math.floor((MAX_SCORE * (bounded - MIN_THRESHOLD)) / (max - MIN_THRESHOLD));
      },
    };
  },
};
