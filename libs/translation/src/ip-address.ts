/** The address in one spelling (IPv6 compressed, lower case); undefined for text that is no IP address. */
export function parseIpAddress(text: string): string | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

function parseIpv4(text: string): string | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match?.slice(1) ?? [];
  const valid =
    parts.length === 4 && parts.every((part) => Number(part) <= 255 && String(Number(part)) === part);
  return valid ? text : undefined;
}

function parseIpv6(text: string): string | undefined {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":")) return undefined;
  if (!URL.canParse(`http://[${text}]/`)) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}
