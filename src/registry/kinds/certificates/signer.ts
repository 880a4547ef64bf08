import { dnsLabel, dnsSubdomain, invalid, required, tooLong, type FieldError } from "#objects";
import { each } from "../common/checks.ts";

const MAX_SIGNER_NAME = 571;

/** `example.com/signer`, as upstream's ValidateSignerName. */
export function signerNameErrors(field: string, name: string | undefined): FieldError[] {
  if (!name) return [required(field)];
  const slash = name.indexOf("/");
  if (slash < 0 || name.includes("/", slash + 1)) {
    return [invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  const [domain, path] = [name.slice(0, slash), name.slice(slash + 1)];
  const errors = each(field, domain, dnsSubdomain(domain));
  for (const part of path.split(".")) errors.push(...each(field, path, dnsLabel(part)));
  if (!domain.includes("."))
    errors.push(invalid(field, domain, "should be a domain with at least two segments separated by dots"));
  return name.length > MAX_SIGNER_NAME ? [...errors, tooLong(field, name, MAX_SIGNER_NAME)] : errors;
}

/** A number of seconds of a certificate's life. */
export function lifetimeErrors(field: string, seconds: number | undefined, min: number, detail: string): FieldError[] {
  return seconds !== undefined && seconds < min ? [invalid(field, seconds, detail)] : [];
}
