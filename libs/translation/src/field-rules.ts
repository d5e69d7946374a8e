import { fieldViolations, type MessageName, type MessageTypes } from "@routeledger/protos";
import { type Problem, unsupported } from "./problem.ts";

/**
 * What Envoy's own field rules have against a message (G111), as a problem of what it was made of; undefined when
 * they accept it. Our checks come first, so this is what they forgot.
 * @param field what the message was made of, for the problem's message
 */
export function fieldProblem<Name extends MessageName>(
  field: string,
  typeName: Name,
  message: MessageTypes[Name],
): Problem | undefined {
  const [first] = fieldViolations(typeName, message);
  return first && unsupported(`${field}: Envoy refuses ${first.path}: ${first.message}`);
}
