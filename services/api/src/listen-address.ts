import { Failure } from "@routeledger/std";

export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * Reads HOST:PORT. In open mode nobody is asked who they are, so only loopback addresses are taken then.
 * @throws Failure `api.address`
 */
export function parseListenAddress(address: string, { open }: { readonly open: boolean }): ListenAddress {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(address);
  const host = match?.[1]?.replace(/^\[|\]$/g, "");
  const port = Number(match?.[2]);
  if (host === undefined || port > 65_535) throw addressFailure(address, "expected HOST:PORT");
  if (open && !isLoopback(host)) {
    throw addressFailure(
      address,
      "nobody is asked who they are, so the api binds loopback only",
      "--tokens-file names who may ask; without it choose 127.0.0.1:PORT",
    );
  }
  return { host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

export function addressFailure(address: string, why: unknown, hint = "choose another address"): Failure {
  const reason = why instanceof Error ? why.message : String(why);
  return new Failure(`listen for the api on ${address}: ${reason}`, {
    code: "api.address",
    retryable: false,
    hint,
    ...(why instanceof Error && { cause: why }),
  });
}
