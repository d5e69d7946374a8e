import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** One connection to a listener, over which a test asks again and again until Envoy closes it. */
export class KeptConnection {
  readonly #socket: Socket;
  #text = "";
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#closed = true;
    });
  }

  static async open(
    port: number,
    { from = "127.0.0.1", tls = false }: { readonly from?: string; readonly tls?: boolean } = {},
  ): Promise<KeptConnection> {
    const plain = connect({ host: "127.0.0.1", port, localAddress: from });
    await once(plain, "connect");
    if (!tls) return new KeptConnection(plain);
    const secured = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secured, "secureConnect");
    return new KeptConnection(secured);
  }

  /** Envoy ended it. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The status of one GET; "closed" when the connection ended instead. */
  async status(): Promise<string> {
    this.#text = "";
    this.#socket.write("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    for (;;) {
      const found = /^HTTP\/1\.1 (\d+) .*\r\n\r\n/s.exec(this.#text)?.[1];
      if (found !== undefined) return found;
      if (this.#closed) return "closed";
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
