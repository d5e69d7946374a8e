import { usageError } from "./command-context.ts";

export interface HostPort {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
}

/** Reads `127.0.0.1:7480`, `localhost:0`, `[::1]:7480`. @throws Failure `cli.usage` */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535)
    throw usageError(`expected HOST:PORT, such as 127.0.0.1:7480, got "${text}"`);
  return { host, port };
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine reaches it. */
export function isLoopback({ host }: HostPort): boolean {
  return /^(localhost|::1|127(\.\d{1,3}){3})$/.test(host);
}
