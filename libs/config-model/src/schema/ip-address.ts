/**
 * IP addresses as Go's net.ParseIP reads them: IPv4 in four decimal parts without leading zeros, IPv6 with at
 * most one `::` and perhaps an IPv4 tail, no zone.
 */

/** The four bytes, or undefined when the text is no IPv4 address. */
export function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes.push(Number(part));
  }
  return bytes;
}

/** The eight groups of 16 bits, or undefined when the text is no IPv6 address. */
export function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  if (halves.length === 1) return head?.length === 8 ? head : undefined;
  const tail = parseGroups(halves[1]!, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? undefined : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** @param last whether the text ends the address, where an IPv4 tail may stand */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const bytes = last && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (bytes === undefined) return undefined;
      groups.push(bytes[0]! * 256 + bytes[1]!, bytes[2]! * 256 + bytes[3]!);
    }
  }
  return groups.length <= 8 ? groups : undefined;
}

/** Whether the text is an IPv4 address in IPv6's form: `::ffff:10.0.0.1`. */
export function isMappedIpv4(text: string): boolean {
  const groups = parseIpv6(text);
  return groups?.slice(0, 5).every((group) => group === 0) === true && groups[5] === 0xffff;
}

/** The one form that RFC 5952 gives the eight groups of an IPv6 address: short, lower case, the longest zeros cut. */
export function canonicalIpv6(groups: readonly number[]): string {
  let start = 0;
  let length = 0;
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (groups[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/**
 * Why an API server refuses the address as an endpoint's, or undefined when it does not. Loopback, which it
 * refuses too, is accepted: without a cluster, endpoints run on this machine.
 */
export function specialAddress(address: string): string | undefined {
  const ipv4 = parseIpv4(address);
  const groups = parseIpv6(address);
  const mapped = groups !== undefined && isMappedIpv4(address);
  const bytes = ipv4 ?? (mapped ? groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]) : undefined);
  if (bytes !== undefined) {
    if (bytes.every((byte) => byte === 0)) return "the unspecified address";
    if (bytes[0] === 169 && bytes[1] === 254) return "link-local";
    return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0 ? "link-local multicast" : undefined;
  }
  if (groups === undefined) return undefined;
  if (groups.every((group) => group === 0)) return "the unspecified address";
  if ((groups[0]! & 0xffc0) === 0xfe80) return "link-local";
  return (groups[0]! & 0xff0f) === 0xff02 ? "link-local multicast" : undefined;
}
