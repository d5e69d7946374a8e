/** DER, as far as certificates need it. */

/** Tag numbers of X.690. */
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export function sequence(...contents: readonly Buffer[]): Buffer {
  return tagged(tags.sequence, ...contents);
}

export function setOf(...contents: readonly Buffer[]): Buffer {
  return tagged(tags.set, ...contents);
}

/** @param bytes not negative: the first bit is 0 */
export function integer(bytes: Buffer): Buffer {
  return tagged(tags.integer, bytes);
}

export function boolean(value: boolean): Buffer {
  return tagged(tags.boolean, Buffer.from([value ? 0xff : 0]));
}

export function octetString(content: Buffer): Buffer {
  return tagged(tags.octetString, content);
}

/** @param unused bits of the last byte */
export function bitString(content: Buffer, unused = 0): Buffer {
  return tagged(tags.bitString, Buffer.from([unused]), content);
}

export function utf8String(text: string): Buffer {
  return tagged(tags.utf8String, Buffer.from(text));
}

/** @param timeMs milliseconds since 1970; whole seconds are kept */
export function generalizedTime(timeMs: number): Buffer {
  const text = new Date(timeMs).toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return tagged(tags.generalizedTime, Buffer.from(`${text}Z`));
}

/** @param text such as `2.5.29.17` */
export function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return tagged(tags.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(number: number): number[] {
  const bytes = [number & 0x7f];
  for (let rest = number >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
