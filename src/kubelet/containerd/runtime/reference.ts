/** Parts of the names of images, as distribution's reference grammar has them. */
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const HOST_PART = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const TAG = "[\\w][\\w.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(`^(${HOST}/${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const MAX_NAME = 255;

export type ImageName =
  /** As it is asked for: with a tag or a digest. */
  { readonly name: string } | { readonly problem: string };

/** An image's name with a tag, `latest` if it has none, or why it is no name (upstream applyDefaultImageTag). */
export function imageName(image: string): ImageName {
  const problem = (text: string) => ({ problem: `couldn't parse image name ${JSON.stringify(image)}: ${text}` });
  if (/^[a-f0-9]{64}$/.test(image)) {
    return problem(`invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`);
  }
  const { host, rest } = split(image);
  const remote = rest.split(":")[0]!;
  if (remote !== remote.toLowerCase()) {
    return problem(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  const match = REFERENCE.exec(`${host}/${rest}`);
  if (!match) return problem("invalid reference format");
  const [, repository = "", tag, digest] = match;
  if (repository.length > MAX_NAME) return problem(`repository name must not be more than ${MAX_NAME} characters`);
  return { name: tag || digest ? image : `${image}:latest` };
}

/** The registry and what it is asked for: `nginx` is `library/nginx` of docker.io. */
function split(image: string): { readonly host: string; readonly rest: string } {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  if (!isHost) return { host: "docker.io", rest: slash < 0 ? `library/${image}` : image };
  const rest = image.slice(slash + 1);
  if (first === "docker.io" || first === "index.docker.io") {
    return { host: "docker.io", rest: rest.includes("/") ? rest : `library/${rest}` };
  }
  return { host: first, rest };
}
