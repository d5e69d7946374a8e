/**
 * The command lines of a section of README.md's `sh` blocks, without their comments.
 * @throws Error when there is no such section, or none in it
 */
export function readmeCommands(readme: string, heading: string): string[] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const [block] = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? "");
  const lines = (block ?? "").split("\n").map((line) => line.replace(/ +#.*$/, "").trim());
  const commands = lines.filter((line) => line !== "");
  if (commands.length === 0) throw new Error(`README.md: no commands in a section "${heading}"`);
  return commands;
}
