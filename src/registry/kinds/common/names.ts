import { dnsSubdomain, invalid, required, type FieldError } from "#objects";
import { each } from "./checks.ts";

const PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** `example.com/controller`: a domain and a path that a controller answers to (apimachinery IsDomainPrefixedPath). */
export function domainPrefixedPathErrors(field: string, value: string | undefined): FieldError[] {
  if (!value) return [required(field)];
  const slash = value.indexOf("/");
  if (slash <= 0 || slash === value.length - 1) {
    return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const host = value.slice(0, slash);
  const path = value.slice(slash + 1);
  const errors = each(field, host, dnsSubdomain(host));
  if (PATH.test(path)) return errors;
  const detail = `Invalid path (regex used for validation is '${PATH.source.slice(1, -1).replace("\\/", "/")}')`;
  return [...errors, invalid(field, path, detail)];
}

/** A domain of at least three parts, as webhooks are called (apimachinery IsFullyQualifiedName). */
export function fullyQualifiedNameErrors(field: string, value: string | undefined): FieldError[] {
  if (!value) return [required(field)];
  const wrong = dnsSubdomain(value);
  if (wrong.length > 0) return [invalid(field, value, wrong.join(","))];
  return value.split(".").length < 3
    ? [invalid(field, value, "should be a domain with at least three segments separated by dots")]
    : [];
}

/** A domain of at least two parts; it may end in a dot. */
export function domainNameErrors(field: string, value: string | undefined): FieldError[] {
  if (!value) return [required(field)];
  const name = value.replace(/\.$/, "");
  const wrong = dnsSubdomain(name);
  if (wrong.length > 0) return [invalid(field, name, wrong.join(","))];
  return name.includes(".")
    ? []
    : [invalid(field, name, "should be a domain with at least two segments separated by dots")];
}
