import { readFile } from "node:fs/promises";

/**
 * Which process has this id now: a text that differs when the id was given to another one, since it holds the
 * process' start time. Undefined when no process has it. Where /proc is missing the id alone must do.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended, only nobody has asked for its exit code.
    if (fields[0] === "Z") return undefined;
    return `${pid}@${fields[19]}`;
  } catch {
    return String(pid);
  }
}
