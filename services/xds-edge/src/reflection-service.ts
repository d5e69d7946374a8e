import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import {
  type DecodedTypes,
  type MessageTypes,
  protoFile,
  protoFileOf,
  type ServiceName,
} from "@routeledger/protos";
import { compareStrings } from "@routeledger/std";

type Request = DecodedTypes["grpc.reflection.v1.ServerReflectionRequest"];
type Response = MessageTypes["grpc.reflection.v1.ServerReflectionResponse"];

/** `grpc.reflection.v1`: what is served, and its messages, for tools such as grpcurl. There are no extensions. */
export class ReflectionService {
  readonly #services: readonly string[];

  constructor(services: readonly ServiceName[]) {
    this.#services = [...services].sort(compareStrings);
  }

  get handlers() {
    return {
      ServerReflectionInfo: (call: ServerDuplexStream<Request, Response>) => {
        call.on("error", () => undefined);
        call.on("end", () => call.end());
        call.on("data", (request: Request) => {
          // The next question is read when this answer was taken, so that a client that takes none costs one.
          call.pause();
          const answer = { validHost: request.host, originalRequest: request, ...this.#answer(request) };
          call.write(answer, () => call.resume());
        });
      },
    };
  }

  #answer(request: Request): Response {
    const { listServices, fileByFilename, fileContainingSymbol, allExtensionNumbersOfType } = request;
    if (listServices !== undefined)
      return { listServicesResponse: { service: this.#services.map((name) => ({ name })) } };
    if (fileByFilename !== undefined) return filesFrom(fileByFilename, fileByFilename);
    if (fileContainingSymbol !== undefined)
      return filesFrom(protoFileOf(fileContainingSymbol), fileContainingSymbol);
    if (allExtensionNumbersOfType !== undefined && protoFileOf(allExtensionNumbersOfType) !== undefined)
      return { allExtensionNumbersResponse: { baseTypeName: allExtensionNumbersOfType } };
    return notFound(allExtensionNumbersOfType ?? "an extension");
  }
}

/** A file and all that it imports, each once, what is imported after what imports it. */
function filesFrom(name: string | undefined, asked: string): Response {
  if (name === undefined || protoFile(name) === undefined) return notFound(asked);
  const names = new Set([name]);
  const bytes: Uint8Array[] = [];
  for (const each of names) {
    const file = protoFile(each);
    if (file === undefined) continue;
    bytes.push(file.bytes);
    for (const dependency of file.dependencies) names.add(dependency);
  }
  return { fileDescriptorResponse: { fileDescriptorProto: bytes } };
}

/** Characters of a name in an error. */
const shownMax = 200;

function notFound(name: string): Response {
  return { errorResponse: { errorCode: status.NOT_FOUND, errorMessage: `no ${name.slice(0, shownMax)}` } };
}
