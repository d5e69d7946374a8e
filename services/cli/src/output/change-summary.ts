import type { DiffAnswer, LogEvent, XdsChange } from "../api-types.ts";
import { kindName } from "../object-names.ts";
import { paint, type Terminal } from "../terminal.ts";
import { authored } from "./authored.ts";
import { formatTable } from "./table.ts";
import { unifiedDiff } from "./unified-diff.ts";

const marks = {
  created: "+",
  added: "+",
  configured: "~",
  changed: "~",
  deleted: "-",
  removed: "-",
} as const;
const colours = { "+": "green", "~": "yellow", "-": "red" } as const;

type Changed = NonNullable<LogEvent["changes"]>[number];

/** One line an object that an event touched: `+ httproute.gateway.networking.k8s.io default/shop`. */
export function changeSummary(terminal: Terminal, { changes }: Pick<LogEvent, "changes">): string {
  return (changes ?? [])
    .map(({ ref, change }) => {
      const mark = marks[change];
      return `    ${paint(terminal, colours[mark], mark)} ${kindName(ref)} ${objectPath(ref)}\n`;
    })
    .join("");
}

/** The objects' differences in unified form, and of the xDS that they became a table, or with `full` its differences. */
export function differences(
  terminal: Terminal,
  answer: Pick<DiffAnswer, "objects" | "xds">,
  full: boolean,
): string {
  const objects = answer.objects.map(({ ref, ...sides }) =>
    unifiedDiff(terminal, {
      name: `${kindName(ref)}/${objectPath(ref)}`,
      old: authored(sides.old),
      new: authored(sides.new),
    }),
  );
  return [...objects, xdsDifferences(terminal, answer.xds, full)].filter((text) => text !== "").join("\n");
}

function xdsDifferences(terminal: Terminal, xds: readonly XdsChange[], full: boolean): string {
  if (xds.length === 0) return "";
  if (!full) {
    return formatTable(
      ["GATEWAY", "TYPE", "RESOURCE", "CHANGE"],
      xds.map(({ nodeGroup, type, name, change }) => [nodeGroup, type, name, change]),
    );
  }
  return xds
    .map((change) =>
      unifiedDiff(terminal, {
        name: `xds/${change.nodeGroup}/${change.type}/${change.name}`,
        old: change.old,
        new: change.new,
      }),
    )
    .join("\n");
}

function objectPath({ namespace, name }: Changed["ref"]): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
