/** What serves one stream in a simulated world: the edge's `step`, or something that is worse on purpose. */
import {
  openStream,
  type StreamInput,
  type StreamOutput,
  step,
  type XdsStreamOptions,
} from "@routeledger/xds-stream";

export interface ServerStream {
  give(input: StreamInput): readonly StreamOutput[];
}

export type OpenServerStream = (options: XdsStreamOptions) => ServerStream;

export const openStepStream: OpenServerStream = (options) => {
  let stream = openStream(options);
  return {
    give(input) {
      const taken = step(stream, input);
      stream = taken.stream;
      return taken.outputs;
    },
  };
};
