import { Keyring, SEALING_KEY_BYTES, SEALING_KEYS_MAX } from "./keyring.ts";

const hexForm = /^[0-9a-fA-F]{64}$/;
const base64Form = /^[A-Za-z0-9+/_-]{43}=?$/;

/**
 * Reads the text of a key file: a key a line, 32 bytes in base64 or hexadecimal, the newest first; empty lines are
 * skipped. A problem names the line and shows nothing of it.
 */
export function parseKeyFile(text: string): Keyring | { readonly problem: string } {
  const keys: Uint8Array[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "") continue;
    const key = keyOf(trimmed);
    if (key === undefined) {
      return { problem: `line ${index + 1}: expected ${SEALING_KEY_BYTES} bytes in base64 or hexadecimal` };
    }
    if (keys.some((other) => Buffer.compare(other, key) === 0))
      return { problem: `line ${index + 1}: the same key stands above` };
    keys.push(key);
  }
  if (keys.length === 0) return { problem: "it holds no key" };
  if (keys.length > SEALING_KEYS_MAX)
    return { problem: `${keys.length} keys, expected at most ${SEALING_KEYS_MAX}` };
  const keyring = new Keyring(keys);
  // One in four thousand million; a token would not say which of the two made it.
  if (new Set(keyring.keyIds).size < keys.length) return { problem: "two of its keys have the same id" };
  return keyring;
}

function keyOf(line: string): Uint8Array | undefined {
  if (hexForm.test(line)) return new Uint8Array(Buffer.from(line, "hex"));
  if (!base64Form.test(line)) return undefined;
  const key = new Uint8Array(Buffer.from(line, "base64"));
  return key.length === SEALING_KEY_BYTES ? key : undefined;
}
