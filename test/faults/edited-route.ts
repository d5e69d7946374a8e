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

/** Applies edits one after the other and remembers what was acknowledged. */
export class Editor {
  /** The last edit that the api said it has. */
  acknowledged = 0;
  /** The last edit that was sent, whether or not an answer came. */
  attempted = 0;

  /** Edits until the api is gone. */
  async editUntilDead(server: string): Promise<void> {
    for (;;) {
      if (!(await this.edit(server))) return;
    }
  }

  /** False when no answer came. @throws Failure when the api refuses */
  async edit(server: string): Promise<boolean> {
    const edit = ++this.attempted;
    const body = JSON.stringify({ files: [{ path: "shop.yaml", text: editedRoute(edit) }] });
    const headers = { "content-type": "application/json", connection: "close" };
    let answer: { status: number; text: string };
    try {
      const response = await fetch(`${server}/v1/apply?actor=editor`, { method: "POST", headers, body });
      answer = { status: response.status, text: await response.text() };
    } catch {
      return false;
    }
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
