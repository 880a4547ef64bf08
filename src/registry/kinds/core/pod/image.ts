import { parseImageName } from "#objects";

/** The pull policy of an image for which none is given. What is no name has no tag either (upstream SetDefaults_Container). */
export function defaultPullPolicy(image: string | undefined): string {
  const name = parseImageName(image ?? "");
  const isLatest = !("problem" in name) && (name.tag ?? (name.digest ? "" : "latest")) === "latest";
  return isLatest ? "Always" : "IfNotPresent";
}
