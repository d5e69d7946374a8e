import { request } from "node:http";

const adminTimeoutMs = 2_000;

/** Asks Envoy's admin page on 127.0.0.1. Undefined when nobody answers there with 200. */
export function askAdmin(port: number, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(
      { host: "127.0.0.1", port, path, agent: false, timeout: adminTimeoutMs },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", () => resolve(undefined));
        response.on("end", () =>
          resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString("utf8") : undefined),
        );
      },
    );
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(undefined));
    sent.end();
  });
}

/** The node id of the Envoy whose admin page is on that port. */
export async function adminNodeId(port: number): Promise<string | undefined> {
  const text = await askAdmin(port, "/server_info");
  if (text === undefined) return undefined;
  try {
    const info = JSON.parse(text) as { node?: { id?: string } };
    return info.node?.id;
  } catch {
    return undefined;
  }
}
