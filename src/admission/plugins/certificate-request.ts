/** As much of a PKCS #10 certificate request (RFC 2986) as admission has to look at. */

const PEM = /-----BEGIN ([^-]+)-----\s+([A-Za-z0-9+/=\s]+?)-----END \1-----/;

/** The organizations (groups) that a request names, or what is wrong with it. `request` is base64 of PEM. */
export function organizationsOf(request: string): readonly string[] | string {
  try {
    const [, type, body = ""] = PEM.exec(atob(request)) ?? [];
    if (type !== "CERTIFICATE REQUEST") return "PEM block type must be CERTIFICATE REQUEST";
    return organizationsIn(bytesOf(body.replaceAll(/\s/g, "")));
  } catch (error) {
    return error instanceof Malformed ? `asn1: ${error.message}` : "the request is not base64";
  }
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

class Malformed extends Error {}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const OBJECT_IDENTIFIER = 0x06;
/** 2.5.4.10, organizationName */
const ORGANIZATION = "55040a";

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** CertificationRequest { CertificationRequestInfo { version, subject, … }, … } */
function organizationsIn(der: Uint8Array): readonly string[] {
  const [info] = elementsOf(one(elements(der), SEQUENCE).content);
  const [version, subject] = elementsOf(expect(info, SEQUENCE).content);
  expect(version, INTEGER);
  return elementsOf(expect(subject, SEQUENCE).content)
    .flatMap((name) => elementsOf(expect(name, SET).content))
    .flatMap((attribute) => {
      const [type, value] = elementsOf(expect(attribute, SEQUENCE).content);
      if (hexOf(expect(type, OBJECT_IDENTIFIER).content) !== ORGANIZATION) return [];
      if (!value) throw new Malformed("an attribute without a value");
      return [textOf(value)];
    });
}

const elementsOf = (content: Uint8Array): readonly Element[] => [...elements(content)];

function one(found: Iterable<Element>, tag: number): Element {
  const [element] = found;
  return expect(element, tag);
}

function expect(element: Element | undefined, tag: number): Element {
  if (element?.tag !== tag) throw new Malformed("structure error: tags don't match");
  return element;
}

/** The elements that follow each other in DER. */
function* elements(der: Uint8Array): Generator<Element> {
  for (let at = 0; at < der.length;) {
    const tag = der[at++]!;
    let length = der[at++] ?? -1;
    if (length > 0x80) {
      const octets = length & 0x7f;
      if (octets > 3) throw new Malformed("structure error: length too large");
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + (der[at++] ?? 0);
    } else if (length === 0x80) throw new Malformed("structure error: indefinite length found");
    if (length < 0 || at + length > der.length) throw new Malformed("syntax error: data truncated");
    yield { tag, content: der.subarray(at, at + length) };
    at += length;
  }
}

const hexOf = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const BMP_STRING = 0x1e;
const T61_STRING = 0x14;

function textOf({ tag, content }: Element): string {
  if (tag === BMP_STRING) return new TextDecoder("utf-16be").decode(content);
  return tag === T61_STRING ? String.fromCharCode(...content) : new TextDecoder().decode(content);
}
