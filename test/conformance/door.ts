import { refOf } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";

/** What a change answers: its revision, `1.412` or null, and what became of each object. */
interface ChangeAnswer {
  readonly revision: string | null;
  readonly results: readonly { readonly outcome: string }[];
}

/** Talks to the api as any client does. */
export class Door {
  readonly #url: string;

  /** @param url such as `http://127.0.0.1:8090` */
  constructor(url: string) {
    this.#url = url;
  }

  /** Returns the sequence of the event, 0 where nothing changed. Throws where an object is refused, with the answer. */
  apply(objects: readonly JsonObject[]): Promise<number> {
    const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    return this.#change("/v1/apply?atomic=true", { files: [{ path: "suite.json", text }] });
  }

  /** Objects that are not there are passed over. Returns the sequence of the event, 0 where nothing changed. */
  delete(objects: readonly JsonObject[]): Promise<number> {
    const refs = objects.map(refOf).map(({ kind, namespace, name }) => ({ kind, namespace, name }));
    return this.#change("/v1/delete?ignoreNotFound=true&allowMassDelete=true", { refs });
  }

  /** A kind of Gateway API. The object with its status; undefined when there is none. */
  async get(kind: string, namespace: string, name: string): Promise<JsonObject | undefined> {
    const path = [`${kind}.gateway.networking.k8s.io`, namespace || "_", name]
      .map(encodeURIComponent)
      .join("/");
    const answer = await fetch(`${this.#url}/v1/objects/${path}`);
    const body = (await answer.json()) as JsonObject;
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`get ${path}: ${JSON.stringify(body)}`);
    return body;
  }

  async #change(path: string, body: object): Promise<number> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${this.#url}${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const told = (await answer.json()) as ChangeAnswer;
    if (!answer.ok || told.results.some(({ outcome }) => outcome === "refused"))
      throw new Error(`${path}: ${JSON.stringify(told)}`);
    return Number(told.revision?.split(".")[1] ?? 0);
  }
}
