import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";

/** A value that must be nowhere, and the spellings in which it could be somewhere. */
interface Canary {
  readonly name: string;
  readonly spellings: readonly { readonly how: string; readonly bytes: Buffer }[];
}

/** Values that are looked for in whatever a control plane says and writes. */
export class Canaries {
  readonly #planted: Canary[] = [];

  /** Returns the value, at least 16 bytes of it. */
  plant<T extends string | Uint8Array>(name: string, value: T): T {
    const bytes = Buffer.from(value as Uint8Array);
    this.#planted.push({ name, spellings: spellingsOf(bytes) });
    return value;
  }

  get count(): number {
    return this.#planted.length;
  }

  /** `name as base64 in place` of each that is found, in the bytes themselves and in what is compressed in them. */
  foundIn(place: string, content: string | Uint8Array): string[] {
    const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
    return [...this.#foundInBytes(place, bytes), ...this.#foundInFrames(place, bytes)];
  }

  /** The same of all files below a folder; of SQLite files also of each value of each table. */
  async foundInFolder(folder: string): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      found.push(...this.foundIn(path, bytes));
      if (bytes.subarray(0, 15).toString("latin1") === "SQLite format 3") {
        for (const { where, value } of valuesOf(path)) found.push(...this.foundIn(where, value));
      }
    }
    return found;
  }

  #foundInBytes(place: string, bytes: Buffer): string[] {
    return this.#planted.flatMap(({ name, spellings }) =>
      spellings
        .filter((spelling) => bytes.includes(spelling.bytes))
        .map(({ how }) => `${name} as ${how} in ${place}`),
    );
  }

  #foundInFrames(place: string, bytes: Buffer): string[] {
    const found: string[] = [];
    for (let at = bytes.indexOf(zstdMagic); at >= 0; at = bytes.indexOf(zstdMagic, at + 1)) {
      const content = decompressed(bytes.subarray(at));
      if (content !== undefined) found.push(...this.#foundInBytes(`${place}, compressed`, content));
    }
    return found;
  }
}

const quotedBytes = 20;
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** What follows the frame is not part of it, so shorter ends are tried until one is right. */
function decompressed(bytes: Buffer): Buffer | undefined {
  for (let cut = 0; cut <= Math.min(64, bytes.length - 4); cut++) {
    try {
      return zstdDecompressSync(bytes.subarray(0, bytes.length - cut));
    } catch {
      // Another end.
    }
  }
  return undefined;
}

function spellingsOf(bytes: Buffer): { how: string; bytes: Buffer }[] {
  const base64 = [0, 1, 2].map((shift) => {
    // Of the first and the last character other bytes decide, too.
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return text.slice(shift === 0 ? 0 : shift + 1, -2);
  });
  const hex = bytes.toString("hex");
  return [
    { how: "itself", bytes },
    // As messages quote values: cut.
    { how: "its beginning", bytes: bytes.subarray(0, quotedBytes) },
    ...base64.map((text) => ({ how: "base64", bytes: Buffer.from(text) })),
    ...base64.map((text) => ({
      how: "base64url",
      bytes: Buffer.from(text.replaceAll("+", "-").replaceAll("/", "_")),
    })),
    { how: "hexadecimal", bytes: Buffer.from(hex) },
    { how: "hexadecimal", bytes: Buffer.from(hex.toUpperCase()) },
  ];
}

/** Also those that are larger than a page, which the file holds in pieces. */
function* valuesOf(path: string): Generator<{ where: string; value: string | Uint8Array }> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    for (const { name } of tables) {
      for (const row of database.prepare(`SELECT * FROM "${name}"`).all()) {
        for (const [column, value] of Object.entries(row)) {
          if (typeof value === "string" || value instanceof Uint8Array)
            yield { where: `${path} ${name}.${column}`, value };
        }
      }
    }
  } finally {
    database.close();
  }
}
