import { Failure } from "@routeledger/std";

const retryEveryMs = 50;

/** Does some work again until it does not end with a Failure that is retryable. */
export async function whenReachable<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure && error.retryable)) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
    }
  }
}
