/**
 * The tag of an image's reference, `latest` when it has neither tag nor digest, empty with only a digest.
 * `registry:5000/app` has a port, not a tag. Source: upstream pkg/util/parsers.
 */
export function imageTag(image: string): string {
  const at = image.indexOf("@");
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.lastIndexOf(":");
  if (colon > name.lastIndexOf("/")) return name.slice(colon + 1);
  return at < 0 ? "latest" : "";
}

/** The pull policy of an image for which none is given. */
export const defaultPullPolicy = (image: string | undefined): string =>
  imageTag(image ?? "") === "latest" ? "Always" : "IfNotPresent";
