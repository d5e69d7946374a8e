import { Failure } from "@routeledger/std";
import { routeYaml } from "../features/cli/manifests.ts";

/** A route whose content is a number: Envoy sets it as a response header, so traffic shows which edit is served. */
export function editedRoute(edit: number): string {
  return `${routeYaml({ name: "shop", gateway: "web", backend: "blue", path: "/shop" })}      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            set:
              - name: x-edit
                value: "${edit}"
`;
}

export interface EditorOptions {
  /** The document of an edit. Default: `editedRoute`. */
  readonly document?: (edit: number) => string;
  /** Answers of 500 and above are no answer: the api says that its log is out of reach. Default: they fail the test. */
  readonly mayBeUnavailable?: boolean;
}

/** Applies edits one after the other and remembers what was acknowledged. */
export class Editor {
  readonly #document: (edit: number) => string;
  readonly #mayBeUnavailable: boolean;
  /** The last edit that the api said it has. */
  acknowledged = 0;
  /** The last edit that was sent, whether or not an answer came. */
  attempted = 0;

  constructor({ document = editedRoute, mayBeUnavailable = false }: EditorOptions = {}) {
    this.#document = document;
    this.#mayBeUnavailable = mayBeUnavailable;
  }

  /** Edits until the api is gone. */
  async editUntilDead(server: string): Promise<void> {
    for (;;) {
      if (!(await this.edit(server))) return;
    }
  }

  /** False when the edit was not acknowledged; it may be stored all the same. @throws Failure when the api refuses */
  async edit(server: string): Promise<boolean> {
    const edit = ++this.attempted;
    const body = JSON.stringify({ files: [{ path: "shop.yaml", text: this.#document(edit) }] });
    const headers = { "content-type": "application/json", connection: "close" };
    let answer: { status: number; text: string };
    try {
      const response = await fetch(`${server}/v1/apply?actor=editor`, { method: "POST", headers, body });
      answer = { status: response.status, text: await response.text() };
    } catch {
      return false;
    }
    if (answer.status >= 500 && this.#mayBeUnavailable) return false;
    if (answer.status !== 200) {
      throw new Failure(`apply edit ${edit}: ${answer.status} ${answer.text}`, {
        code: "test.refused",
        retryable: false,
      });
    }
    this.acknowledged = edit;
    return true;
  }
}
