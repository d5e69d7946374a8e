/** The length of a message, as a varint, has at most so many bytes, its tag one. */
const headBytesMax = 6;

/**
 * An encoded message with more members of a repeated field, each encoded: repeated fields of joined encodings are
 * appended (protobuf encoding, "Last One Wins" and repeated fields).
 * @param field its number, 1 to 15
 */
export function withMessages(head: Uint8Array, field: number, messages: readonly Uint8Array[]): Uint8Array {
  const tag = (field << 3) | 2;
  let length = head.length;
  for (const { length: size } of messages) length += size + headBytesMax;
  const joined = new Uint8Array(length);
  joined.set(head);
  let end = head.length;
  for (const bytes of messages) {
    joined[end++] = tag;
    let rest = bytes.length;
    for (; rest > 0x7f; rest >>>= 7) joined[end++] = (rest & 0x7f) | 0x80;
    joined[end++] = rest;
    joined.set(bytes, end);
    end += bytes.length;
  }
  return joined.slice(0, end);
}
