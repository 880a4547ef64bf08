import {
  byteLength,
  dnsSubdomain,
  invalid,
  type FieldError,
  type PodSpec,
  type WindowsSecurityContextOptions,
} from "#objects";
import { each } from "../../../common/checks.ts";
import { containersOf } from "./context.ts";

const MAX_CREDENTIAL_KIB = 64;
const MAX_DOMAIN = 256;
const MAX_USER = 104;

const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const DNS_DOMAIN = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);

/** Source: upstream validateWindowsSecurityContextOptions. */
export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  if (!options) return [];
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  const errors: FieldError[] = [];
  if (gmsaCredentialSpecName !== undefined) {
    errors.push(
      ...each(`${path}.gmsaCredentialSpecName`, gmsaCredentialSpecName, dnsSubdomain(gmsaCredentialSpecName)),
    );
  }
  if (gmsaCredentialSpec === "") {
    errors.push(invalid(`${path}.gmsaCredentialSpec`, "", "gmsaCredentialSpec cannot be an empty string"));
  } else if (byteLength(gmsaCredentialSpec ?? "") > MAX_CREDENTIAL_KIB * 1024) {
    const detail = `gmsaCredentialSpec size must be under ${MAX_CREDENTIAL_KIB} KiB`;
    errors.push(invalid(`${path}.gmsaCredentialSpec`, gmsaCredentialSpec, detail));
  }
  if (runAsUserName !== undefined) {
    errors.push(...each(`${path}.runAsUserName`, runAsUserName, userNameErrors(runAsUserName)));
  }
  return errors;
}

/** `DOMAIN\user` or `user`. */
function userNameErrors(name: string): string[] {
  if (name === "") return ["runAsUserName cannot be an empty string"];
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return ["runAsUserName cannot contain control characters"];
  const parts = name.split("\\");
  if (parts.length > 2) return ["runAsUserName cannot contain more than one backslash"];
  const domain = parts.length === 2 ? parts[0]! : undefined;
  const user = parts.at(-1)!;
  const errors: string[] = [];
  if (domain !== undefined && domain.length >= MAX_DOMAIN) {
    errors.push(`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`);
  }
  if (domain !== undefined && !NET_BIOS.test(domain) && !DNS_DOMAIN.test(domain)) {
    errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === "") errors.push("runAsUserName's User cannot be empty");
  else if (user.length > MAX_USER) {
    errors.push(`runAsUserName's User length must not be longer than ${MAX_USER} characters`);
  }
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    errors.push("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
  }
  return errors;
}

/** Containers that are processes of a Windows host: all or none. Source: upstream validateWindowsHostProcessPod. */
export function validateHostProcess(spec: PodSpec, path: string): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = containersOf(spec, path);
  const errors: FieldError[] = [];
  let count = 0;
  for (const [container, at] of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, detail));
    }
    if (own ?? ofPod) count++;
  }
  if (count === 0) return errors;
  if (count !== containers.length) {
    const detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
    errors.push(invalid(path, "", detail));
  }
  if (!spec.hostNetwork) {
    const detail = "hostNetwork must be true if pod contains any hostProcess containers";
    errors.push(invalid(`${path}.hostNetwork`, false, detail));
  }
  return errors;
}
