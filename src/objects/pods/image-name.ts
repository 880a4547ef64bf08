/** An image's name, read as distribution/reference does, with what goes without saying: `nginx` is Docker Hub's. */
export interface ImageName {
  /** The registry, with its port: `docker.io`. Empty when what stands in its place can be none (`a__b.c/app`). */
  readonly domain: string;
  /** `library/nginx` */
  readonly path: string;
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const PATH = `${COMPONENT}(?:/${COMPONENT})*`;
const LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const DOMAIN = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const TAG = "\\w[\\w.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(`^(?:(${DOMAIN})/)?(${PATH})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const MAX_PATH = 255;

const DEFAULT_DOMAIN = "docker.io";
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** Reads an image's name, or says in upstream's words why it is none. */
export function parseImageName(image: string): ImageName | { readonly problem: string } {
  if (/^[a-f0-9]{64}$/.test(image)) {
    return { problem: `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings` };
  }
  const { domain: place, rest } = split(image);
  const remote = rest.split(":")[0]!;
  if (remote !== remote.toLowerCase()) {
    return { problem: `invalid reference format: repository name (${remote}) must be lowercase` };
  }
  const match = REFERENCE.exec(`${place}/${rest}`);
  if (!match) return { problem: "invalid reference format" };
  const [, domain = "", path = "", tag, digest] = match;
  if (path.length > MAX_PATH) return { problem: `repository name must not be more than ${MAX_PATH} characters` };
  const problem = digest === undefined ? undefined : digestProblem(digest);
  return problem === undefined ? { domain, path, tag, digest } : { problem };
}

/** Of which registry a name is, and what is asked of it: what is before the first slash only looks like a folder. */
function split(image: string): { readonly domain: string; readonly rest: string } {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(slash, 0));
  const isDomain = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const domain = isDomain && first !== "index.docker.io" ? first : DEFAULT_DOMAIN;
  const rest = isDomain ? image.slice(slash + 1) : image;
  return { domain, rest: domain === DEFAULT_DOMAIN && !rest.includes("/") ? `library/${rest}` : rest };
}

function digestProblem(digest: string): string | undefined {
  const [algorithm = "", encoded = ""] = digest.split(":");
  const length = DIGEST_LENGTHS[algorithm];
  if (length === undefined) {
    return /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*$/.test(algorithm)
      ? "unsupported digest algorithm"
      : "invalid checksum digest format";
  }
  if (encoded.length !== length) return "invalid checksum digest length";
  return /^[a-f0-9]*$/.test(encoded) ? undefined : "invalid checksum digest format";
}

/** The image's full name, as containerd has it: `nginx` is `docker.io/library/nginx:latest`. What is none stays. */
export function fullImageName(image: string): string {
  const name = parseImageName(image);
  if ("problem" in name) return image;
  const repository = repositoryOf(name);
  return name.digest === undefined ? `${repository}:${name.tag ?? "latest"}` : `${repository}@${name.digest}`;
}

/** Where the image comes from, without tag and digest: `docker.io/library/nginx`. What is no name stays. */
export function imageRepository(image: string): string {
  const name = parseImageName(image);
  return "problem" in name ? image : repositoryOf(name);
}

const repositoryOf = ({ domain, path }: ImageName): string => (domain === "" ? path : `${domain}/${path}`);
