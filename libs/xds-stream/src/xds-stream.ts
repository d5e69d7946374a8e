export { step } from "./step.ts";
export type {
  AckedFact,
  CloseCode,
  DeltaRequest,
  Gate,
  NackedFact,
  ProxyNode,
  SotwRequest,
  StreamInput,
  StreamOutput,
  StreamResponse,
  TypedName,
} from "./stream-io.ts";
export {
  openStream,
  type Protocol,
  type Subscription,
  type XdsStream,
  type XdsStreamOptions,
} from "./stream-state.ts";
