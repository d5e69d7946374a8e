import { isMappedIpv4, parseIpv4, parseIpv6 } from "./ip-address.ts";

/** What a string of a format is called, and whether a value is one. */
export interface StringFormat {
  readonly expected: string;
  /** Of OpenAPI: an API server takes a value that is none for one of a wrong type. */
  readonly isType?: true;
  accepts(value: string): boolean;
}

/** Formats of numbers: the range is part of the type check. int64 is cut to what JSON numbers hold exactly. */
export const INTEGER_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const CORE_FINALIZERS = new Set(["kubernetes", "orphan", "foregroundDeletion"]);
const NAME_PART = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;

/**
 * The formats of strings, by name: those of OpenAPI that the CRDs use, and the names of Kubernetes
 * (k8s.io/apimachinery, util/validation) that the schemas written by hand use.
 */
export const STRING_FORMATS: Readonly<Record<string, StringFormat>> = {
  "date-time": {
    isType: true,
    expected: "a time as RFC 3339, like 2026-01-31T08:00:00Z",
    accepts: (value) =>
      /^\d{4}-\d\d-\d\d[Tt ][0-2]\d:[0-5]\d:[0-6]\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value) &&
      isCalendarDate(value.slice(0, 10)),
  },
  ipv4: {
    isType: true,
    expected: "an IPv4 address",
    // A server reads these formats, and no other address, with Go's parser of old, which took leading zeros.
    accepts: (value) => parseIpv4(value.replaceAll(/(^|\.)0+(?=\d)/g, "$1")) !== undefined,
  },
  ipv6: { isType: true, expected: "an IPv6 address", accepts: (value) => parseIpv6(value) !== undefined },
  cidr: { isType: true, expected: "an IP range, like 10.0.0.0/8", accepts: isCidr },
  subnet: {
    expected: "an IP range, like 10.0.0.0/8, without bits beyond its length",
    accepts: (value) => isCidr(value) && isSubnet(value),
  },
  byte: {
    expected: "base64",
    accepts: isBase64,
  },
  "dns-label": {
    expected: "a DNS label: at most 63 of a-z, 0-9 and -, which begins and ends with a letter or digit",
    accepts: (value) => DNS_LABEL.test(value),
  },
  "dns-subdomain": {
    expected:
      "a DNS name: at most 253 of a-z, 0-9, - and ., each part beginning and ending with a letter or digit",
    accepts: isDnsSubdomain,
  },
  "fully-qualified-name": {
    expected: "a fully qualified domain name: DNS labels, at least two, like host.example.com",
    accepts: (value) => {
      const name = value.endsWith(".") ? value.slice(0, -1) : value;
      return (
        name.length <= 253 && name.includes(".") && name.split(".").every((label) => DNS_LABEL.test(label))
      );
    },
  },
  "qualified-name": {
    expected:
      "a name of at most 63 of A-Z, a-z, 0-9, -, _ and ., perhaps after a DNS name and /, like example.com/app",
    accepts: isQualifiedName,
  },
  "core-finalizer": {
    expected:
      "kubernetes, orphan, foregroundDeletion, or a name after a DNS name and /, like example.com/app",
    accepts: (value) => isQualifiedName(value) && (value.includes("/") || CORE_FINALIZERS.has(value)),
  },
  "annotation-key": {
    expected:
      "a name of at most 63 of A-Z, a-z, 0-9, -, _ and ., perhaps after a DNS name and /, like example.com/app",
    accepts: (value) => isQualifiedName(value.toLowerCase()),
  },
  "label-value": {
    expected:
      "empty, or at most 63 of A-Z, a-z, 0-9, -, _ and ., which begins and ends with a letter or digit",
    accepts: (value) => value === "" || NAME_PART.test(value),
  },
  "config-map-key": {
    expected: "a key of at most 253 of A-Z, a-z, 0-9, -, _ and ., not . and not beginning with ..",
    accepts: (value) => /^[-._a-zA-Z0-9]{1,253}$/.test(value) && value !== "." && !value.startsWith(".."),
  },
  "port-name": {
    expected: "a port's name: at most 15 of a-z, 0-9 and single -, with a letter",
    accepts: (value) =>
      /^[a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?$/.test(value) && /[a-z]/.test(value) && !value.includes("--"),
  },
};

/** k8s.io/apimachinery IsDNS1123Subdomain. */
function isDnsSubdomain(value: string): boolean {
  // Only the whole is limited there, not each label.
  return (
    value.length <= 253 && value.split(".").every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part))
  );
}

function isQualifiedName(value: string): boolean {
  const parts = value.split("/");
  if (parts.length === 1) return NAME_PART.test(value);
  return parts.length === 2 && isDnsSubdomain(parts[0]!) && NAME_PART.test(parts[1]!);
}

/** Go's decoder skips line ends. */
function isBase64(value: string): boolean {
  const text = value.replaceAll(/[\r\n]/g, "");
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function isCidr(value: string): boolean {
  const [address, bits, ...more] = value.split("/");
  if (address === undefined || bits === undefined || more.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(bits))
    return false;
  if (parseIpv4(address) !== undefined) return Number(bits) <= 32;
  return parseIpv6(address) !== undefined && Number(bits) <= 128;
}

/** Of a range: whether its address is the first of it, and no IPv4 address in IPv6's form. */
function isSubnet(value: string): boolean {
  const [address, length] = value.split("/") as [string, string];
  if (isMappedIpv4(address)) return false;
  const ipv4 = parseIpv4(address);
  const parts = ipv4 ?? parseIpv6(address) ?? [];
  const width = ipv4 === undefined ? 16 : 8;
  return parts.every((part, index) => {
    const host = Math.min(width, Math.max(0, (index + 1) * width - Number(length)));
    return part % 2 ** host === 0;
  });
}

function isCalendarDate(date: string): boolean {
  const [year, month, day] = date.split("-").map(Number) as [number, number, number];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}
