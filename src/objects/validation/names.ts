/**
 * What a name may look like. Each function returns what is wrong with a value in upstream's words (apimachinery
 * util/validation and api/validate/content), nothing when it is fine.
 */
import { byteLength, mismatch, MUST_NOT_BE_EMPTY, tooManyBytes, tooManyCharacters, wholly } from "./text.ts";

const OK: readonly string[] = Object.freeze([]);

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_UNDERSCORE = `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`;
const SUBDOMAIN_UNDERSCORE_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const WILDCARD = `\\*\\.${SUBDOMAIN}`;
const WILDCARD_MESSAGE =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";

const labelRegExp = wholly(LABEL);
const subdomainRegExp = wholly(SUBDOMAIN);
const subdomainUnderscoreRegExp = wholly(SUBDOMAIN_UNDERSCORE);
const label1035RegExp = wholly(LABEL_1035);
const wildcardRegExp = wholly(WILDCARD);

const LABEL_MAX = 63;
const SUBDOMAIN_MAX = 253;

/** A prefix for generateName may end in a dash, since something follows it (upstream maskTrailingDash). */
const completed = (name: string, isPrefix: boolean): string =>
  isPrefix && name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;

function check(
  value: string,
  max: number,
  regExp: RegExp,
  wording: () => string,
  tooLong: (max: number) => string = tooManyCharacters,
): readonly string[] {
  const fits = value.length * 3 <= max || byteLength(value) <= max;
  const matches = regExp.test(value);
  if (fits && matches) return OK;
  return [...(fits ? [] : [tooLong(max)]), ...(matches ? [] : [wording()])];
}

/** An RFC 1123 label: namespaces, containers, volumes. `isPrefix`: the value is a generateName. */
export const dnsLabel = (name: string, isPrefix = false): readonly string[] => {
  const value = completed(name, isPrefix);
  return check(value, LABEL_MAX, labelRegExp, () =>
    subdomainRegExp.test(value) ? "must not contain dots" : mismatch(LABEL_MESSAGE, LABEL, "my-name", "123-abc"),
  );
};

/** An RFC 1123 subdomain: the names of most objects. */
export const dnsSubdomain = (name: string, isPrefix = false): readonly string[] =>
  check(completed(name, isPrefix), SUBDOMAIN_MAX, subdomainRegExp, () =>
    mismatch(SUBDOMAIN_MESSAGE, SUBDOMAIN, "example.com"),
  );

/** A subdomain whose labels may hold underscores: search domains of pods. */
export const dnsSubdomainWithUnderscore = (value: string): readonly string[] =>
  check(value, SUBDOMAIN_MAX, subdomainUnderscoreRegExp, () =>
    mismatch(SUBDOMAIN_UNDERSCORE_MESSAGE, SUBDOMAIN_UNDERSCORE, "example.com"),
  );

/** An RFC 1035 label: Services. */
export const dns1035Label = (name: string, isPrefix = false): readonly string[] =>
  check(completed(name, isPrefix), LABEL_MAX, label1035RegExp, () =>
    mismatch(LABEL_1035_MESSAGE, LABEL_1035, "my-name", "abc-123"),
  );

/** `*.example.com`: hosts of Ingresses. */
export const wildcardDnsSubdomain = (value: string): readonly string[] =>
  check(value, SUBDOMAIN_MAX, wildcardRegExp, () => mismatch(WILDCARD_MESSAGE, WILDCARD, "*.example.com"));

/** A name that is only a segment of a path: RBAC roles and bindings. */
export const pathSegmentName = (name: string, isPrefix = false): readonly string[] => {
  if (!isPrefix && (name === "." || name === "..")) return [`may not be '${name}'`];
  return ["/", "%"].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
};

const KEY_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const KEY_MESSAGE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE = `(${KEY_NAME})?`;
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const keyNameRegExp = wholly(KEY_NAME);
const labelValueRegExp = wholly(LABEL_VALUE);

/** A key of labels, annotations, taints and conditions: `name` or `example.com/name`. */
export function qualifiedName(value: string): readonly string[] {
  const slash = value.indexOf("/");
  if (slash < 0 && value.length * 3 <= LABEL_MAX && keyNameRegExp.test(value)) return OK;
  if (slash >= 0 && value.includes("/", slash + 1)) {
    return [
      `a valid label key ${mismatch(KEY_MESSAGE, KEY_NAME, "MyName", "my.name", "123-abc")} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const errors: string[] = [];
  if (slash === 0) errors.push(`prefix part ${MUST_NOT_BE_EMPTY}`);
  else if (slash > 0) {
    const prefixErrors = check(
      value.slice(0, slash),
      SUBDOMAIN_MAX,
      subdomainRegExp,
      () => mismatch(SUBDOMAIN_MESSAGE, SUBDOMAIN, "example.com"),
      tooManyBytes,
    );
    for (const error of prefixErrors) errors.push(`prefix part ${error}`);
  }
  const name = value.slice(slash + 1);
  if (name === "") errors.push(`name part ${MUST_NOT_BE_EMPTY}`);
  else if (byteLength(name) > LABEL_MAX) errors.push(`name part ${tooManyBytes(LABEL_MAX)}`);
  if (!keyNameRegExp.test(name)) {
    errors.push(`name part ${mismatch(KEY_MESSAGE, KEY_NAME, "MyName", "my.name", "123-abc")}`);
  }
  return errors;
}

/** The value of a label. */
export const labelValue = (value: string): readonly string[] =>
  check(
    value,
    LABEL_MAX,
    labelValueRegExp,
    () => mismatch(LABEL_VALUE_MESSAGE, LABEL_VALUE, "MyValue", "my_value", "12345"),
    tooManyBytes,
  );

const C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*";
const cIdentifierRegExp = wholly(C_IDENTIFIER);

export const cIdentifier = (value: string): readonly string[] =>
  cIdentifierRegExp.test(value)
    ? OK
    : [
        mismatch(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          C_IDENTIFIER,
          "my_name",
          "MY_NAME",
          "MyName",
        ),
      ];

function parentDirectory(value: string): readonly string[] {
  if (value === "." || value === "..") return [`must not be '${value}'`];
  return value.startsWith("..") ? ["must not start with '..'"] : OK;
}

const CONFIG_KEY = "[-._a-zA-Z0-9]+";
const configKeyRegExp = wholly(CONFIG_KEY);

/** A key of a ConfigMap's or Secret's data: it may become the name of a file. */
export const configMapKey = (value: string): readonly string[] => {
  const errors = check(value, SUBDOMAIN_MAX, configKeyRegExp, () =>
    mismatch(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      CONFIG_KEY,
      "key.name",
      "KEY_NAME",
      "key-name",
    ),
  );
  const directory = parentDirectory(value);
  return directory.length === 0 ? errors : [...errors, ...directory];
};

const ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*";
const envNameRegExp = wholly(ENV_NAME);

/** The name of an environment variable in its strict form. */
export const strictEnvVarName = (value: string): readonly string[] => [
  ...(envNameRegExp.test(value)
    ? OK
    : [
        mismatch(
          "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
          ENV_NAME,
          "my.env-name",
          "MY_ENV.NAME",
          "MyEnvName1",
        ),
      ]),
  ...parentDirectory(value),
];

const printableRegExp = /^[ -<>-~]*$/;

/** The name of an environment variable (since 1.34 anything printable in ASCII but `=`). */
export const envVarName = (value: string): readonly string[] => {
  if (value === "") return [`environment variable name ${MUST_NOT_BE_EMPTY}`];
  return printableRegExp.test(value)
    ? OK
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

const HEADER = "[-A-Za-z0-9]+";
const headerRegExp = wholly(HEADER);

export const httpHeaderName = (value: string): readonly string[] =>
  headerRegExp.test(value)
    ? OK
    : [mismatch("a valid HTTP header must consist of alphanumeric characters or '-'", HEADER, "X-Header-Name")];

const portNameRegExp = /^[-a-z0-9]+$/;

/** An IANA service name: the name of a container's port, or a port given by name. */
export function portName(value: string): readonly string[] {
  const errors: string[] = [];
  if (byteLength(value) > 15) errors.push(tooManyCharacters(15));
  if (!portNameRegExp.test(value)) {
    errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(value)) errors.push("must contain at least one letter (a-z)");
  if (value.includes("--")) errors.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) errors.push("must not begin or end with a hyphen");
  return errors;
}
