import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import { assert } from "./assert.ts";
import { concatBytes, utf8 } from "./digest.ts";

/** Of a sealing key, bytes. */
export const SEALING_KEY_BYTES = 32;
/** Lines of a key file: the newest key and older ones. */
export const SEALING_KEYS_MAX = 16;

const nonceBytes = 12;
const tagBytes = 16;
const cipher = "aes-256-gcm";
const tokenForm = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{38,})$/;

/** A token's outcome: its value, or why it does not open (without a value of it). */
export type Opened = { readonly value: Uint8Array } | { readonly problem: string };

/** The subkeys of one key. Each has one use. */
interface SealingKey {
  readonly id: string;
  readonly encryption: Uint8Array;
  readonly nonces: Uint8Array;
  readonly digests: Uint8Array;
}

/**
 * The keys that seal and open: the first seals, all open. Equal input gives equal bytes (P2): the nonce is a keyed
 * hash of what is sealed, so it never serves two values. What it holds is private to it: no log line, error or JSON
 * can show it.
 */
export class Keyring {
  readonly #keys: readonly SealingKey[];

  /** @param keys 1 to SEALING_KEYS_MAX of SEALING_KEY_BYTES, the newest first */
  constructor(keys: readonly Uint8Array[]) {
    this.#keys = keys.map(sealingKey);
  }

  /** Of the key that seals: 8 hexadecimal digits. */
  get sealingKeyId(): string {
    return this.#sealing.id;
  }

  /** Of all keys, the newest first. */
  get keyIds(): readonly string[] {
    return this.#keys.map(({ id }) => id);
  }

  /** @param place `<namespace>/<name>/<key of data>`; only there the token opens */
  seal(place: string, value: Uint8Array): string {
    const { id, encryption, nonces } = this.#sealing;
    const nonce = keyedHash(nonces, place, value).subarray(0, nonceBytes);
    const sealer = createCipheriv(cipher, encryption, nonce).setAAD(utf8(place));
    const ciphertext = Buffer.concat([sealer.update(value), sealer.final()]);
    const bytes = concatBytes([nonce, ciphertext, sealer.getAuthTag()]);
    return `v1.${id}.${Buffer.from(bytes).toString("base64url")}`;
  }

  /** Opens a token where it was sealed, and nowhere else. */
  open(place: string, token: string): Opened {
    const [, id, text] = tokenForm.exec(token) ?? [];
    if (id === undefined || text === undefined) return { problem: "it has not the form v1.<key>.<bytes>" };
    const key = this.#keys.find((candidate) => candidate.id === id);
    if (key === undefined) return { problem: `it is sealed with key ${id}, which is not in the key file` };
    const bytes = Buffer.from(text, "base64url");
    // base64 has several spellings of the same bytes; a log has one.
    if (bytes.toString("base64url") !== text) return { problem: "it is not canonical base64url" };
    const value = decrypt(key, place, bytes);
    return value === undefined
      ? { problem: "it was changed, or sealed for another Secret or key" }
      : { value };
  }

  /**
   * The keyed digest of a value at a place, 32 hexadecimal digits, by the key that made a token or, without one, by
   * the key that seals. An assertion fails for a key that it does not hold.
   */
  digest(place: string, value: Uint8Array, keyId = this.sealingKeyId): string {
    const key = this.#keys.find((candidate) => candidate.id === keyId);
    assert(key !== undefined, `a key of the keyring, got ${keyId}`);
    return Buffer.from(keyedHash(key.digests, place, value))
      .toString("hex")
      .slice(0, 32);
  }

  get #sealing(): SealingKey {
    const [newest] = this.#keys;
    assert(newest !== undefined, "a keyring with at least one key");
    return newest;
  }
}

/** The id of the key that sealed a token; undefined for what is no token. */
export function tokenKeyId(token: string): string | undefined {
  return tokenForm.exec(token)?.[1];
}

function sealingKey(key: Uint8Array): SealingKey {
  assert(key.length === SEALING_KEY_BYTES, `a sealing key of ${SEALING_KEY_BYTES} bytes, got ${key.length}`);
  const subkey = (use: string) =>
    new Uint8Array(hkdfSync("sha256", key, new Uint8Array(), `routeledger sealed secrets v1 ${use}`, 32));
  const id = createHash("sha256").update("routeledger sealed secrets v1 key id\0").update(key).digest("hex");
  return {
    id: id.slice(0, 8),
    encryption: subkey("encryption"),
    nonces: subkey("nonce"),
    digests: subkey("digest"),
  };
}

/** A place holds no NUL, so no two pairs of place and value are hashed alike. */
function keyedHash(key: Uint8Array, place: string, value: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(`${place}\0`).update(value).digest();
}

function decrypt(key: SealingKey, place: string, bytes: Uint8Array): Uint8Array | undefined {
  const nonce = bytes.subarray(0, nonceBytes);
  const end = bytes.length - tagBytes;
  try {
    const opener = createDecipheriv(cipher, key.encryption, nonce, { authTagLength: tagBytes })
      .setAAD(utf8(place))
      .setAuthTag(bytes.subarray(end));
    const value = new Uint8Array(
      Buffer.concat([opener.update(bytes.subarray(nonceBytes, end)), opener.final()]),
    );
    // A key holder could have made the token with any nonce: only one is the form of the log.
    const expected = keyedHash(key.nonces, place, value).subarray(0, nonceBytes);
    return timingSafeEqual(nonce, expected) ? value : undefined;
  } catch {
    return undefined;
  }
}
