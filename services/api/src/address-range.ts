import { Failure } from "@routeledger/std";

/** IPv4 addresses that Gateways are given, as numbers, both included. */
export interface AddressRange {
  /** As it was written: `127.1.0.0/16`. */
  readonly text: string;
  readonly first: number;
  readonly last: number;
}

const prefixBitsMin = 8;

/**
 * Reads a CIDR of IPv4, `/8` to `/32`. Its lowest and its highest address are nobody's, as in any network, unless it has only
 * one or two. An empty text is no range.
 * @throws Failure `config.invalid`
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  if (text === "") return undefined;
  const [address = "", bits = "", ...rest] = text.split("/");
  const base = parseIpv4(address);
  const prefixBits = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  const size = 2 ** (32 - prefixBits);
  const isCidr = rest.length === 0 && prefixBits >= prefixBitsMin && prefixBits <= 32;
  if (base === undefined || !isCidr || base % size !== 0) {
    throw new Failure(
      `read the range of Gateway addresses: expected an IPv4 network such as 127.1.0.0/16, got ${text}`,
      {
        code: "config.invalid",
        retryable: false,
        hint: `an address with all bits behind the prefix 0, and a prefix of /${prefixBitsMin} to /32`,
      },
    );
  }
  const edge = size > 2 ? 1 : 0;
  return { text, first: base + edge, last: base + size - 1 - edge };
}

/** The address as a number; undefined for text that is no IPv4 address in its usual spelling. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".").map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((number, part) => number * 256 + part, 0);
}

/** @param address of 32 bits */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
