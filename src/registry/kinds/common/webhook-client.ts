import { invalid, portNumber, required, type FieldError } from "#objects";
import { each } from "./checks.ts";

interface ClientConfig {
  readonly url?: string;
  readonly caBundle?: string;
  readonly service?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly path?: string;
    readonly port?: number;
  };
}

const FORM = "https://host[:port][/path]";

/** Where a webhook is called (apiserver util/webhook ValidateWebhookURL). */
function urlErrors(field: string, text: string): FieldError[] {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return [required(field, `url must be a valid URL: ${text}; desired format: ${FORM}`)];
  }
  const errors: FieldError[] = [];
  const wrong = (value: string, detail: string) =>
    errors.push(invalid(field, value, `${detail}; desired format: ${FORM}`));
  if (url.protocol !== "https:") wrong(url.protocol.slice(0, -1), "'https' is the only allowed URL scheme");
  if (!url.host) wrong(url.host, "host must be specified");
  if (url.username || url.password) wrong(url.username, "user information is not permitted in the URL");
  if (url.hash) wrong(url.hash.slice(1), "fragments are not permitted in the URL");
  if (url.search) wrong(url.search.slice(1), "query parameters are not permitted in the URL");
  return errors;
}

function pathErrors(field: string, path: string): FieldError[] {
  if (path === "/" || path === "") return [];
  const wrong = (detail: string) => [invalid(field, path, detail)];
  if (!path.startsWith("/")) return wrong("must start with a '/'");
  const segments = path.slice(1).replace(/\/$/, "").split("/");
  const empty = segments.indexOf("");
  return empty < 0 ? [] : wrong(`segment[${empty}] may not be empty`);
}

/** Exactly one of a URL and a Service. */
export function clientConfigErrors(field: string, { url, service }: ClientConfig): FieldError[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(field, "exactly one of url or service is required")];
  }
  if (url !== undefined) return urlErrors(`${field}.url`, url);
  const path = `${field}.service`;
  return [
    ...(service?.name ? [] : [required(`${path}.name`, "service name is required")]),
    ...(service?.namespace ? [] : [required(`${path}.namespace`, "service namespace is required")]),
    ...(service?.path === undefined ? [] : pathErrors(`${path}.path`, service.path)),
    ...each(`${path}.port`, service?.port, portNumber(service?.port ?? 443)),
  ];
}
