import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What happens to the connection on which a client sends a text. */
export interface Accident {
  /** The text, such as `Nats-Batch-Commit`. */
  readonly at: string;
  /** `before`: what holds the text does not reach the server. `after`: it does, and no answer comes back. */
  readonly cut: "before" | "after";
}

/** A way to a server on which accidents happen. */
export interface TcpProxy {
  readonly url: string;
  /** For the next time that a client sends the text. Resolves when it has happened. */
  arrange(accident: Accident): Promise<void>;
  /** Ends all connections and accepts none until `mend`. */
  breakOff(): void;
  mend(): void;
  /** Bytes that went to clients so far. */
  readonly received: number;
  /** From now on nothing comes to clients, and their connections stay; until `mend`. */
  silence(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const waiting: { readonly accident: Accident; readonly happened: () => void }[] = [];
  let broken = false;
  let silent = false;
  let received = 0;

  const server = createServer({ noDelay: true }, (client) => {
    if (broken) return void client.destroy();
    const upstream = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
      sockets.delete(upstream);
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", end);
    }
    let seen = "";
    let cutOff = false;
    client.on("data", (bytes) => {
      seen = (seen + bytes.toString("latin1")).slice(-4096 - bytes.length);
      const index = waiting.findIndex(({ accident }) => seen.includes(accident.at));
      const found = waiting[index];
      if (!found) return void upstream.write(bytes);
      waiting.splice(index, 1);
      cutOff = true;
      if (found.accident.cut === "before") end();
      // The server gets all of it, and is given the time to act on it before the connection goes.
      else upstream.write(bytes, () => upstream.once("data", end));
      found.happened();
    });
    upstream.on("data", (bytes) => {
      if (cutOff || silent) return;
      received += bytes.length;
      if (!client.write(bytes)) {
        upstream.pause();
        client.once("drain", () => upstream.resume());
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrange: (accident) => new Promise((happened) => waiting.push({ accident, happened })),
    breakOff: () => {
      broken = true;
      for (const socket of [...sockets]) socket.destroy();
    },
    mend: () => {
      broken = false;
      silent = false;
    },
    get received() {
      return received;
    },
    silence: () => {
      silent = true;
    },
    close: async () => {
      for (const socket of [...sockets]) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
