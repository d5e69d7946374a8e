import { codec, methodPath, withMessages } from "@routeledger/protos";
import { utf8 } from "@routeledger/std";
import {
  type Hook,
  type ResourceQuestion,
  type TranslationQuestion,
  translationLists,
} from "./hook-questions.ts";

/** The method that each hook calls. */
export const hookMethods: { readonly [Asked in Hook]: string } = {
  Route: "PostRouteModify",
  VirtualHost: "PostVirtualHostModify",
  HTTPListener: "PostHTTPListenerModify",
  Cluster: "PostClusterModify",
  Endpoints: "PostEndpointsModify",
  Translation: "PostTranslateModify",
};

/** The path that gRPC calls a hook by. */
export function hookPath(hook: Hook): string {
  return methodPath("envoygateway.extension.EnvoyGatewayExtension", hookMethods[hook]);
}

const nothing = new Uint8Array(0);
const resourceField = 1;
const contextField = 2;
const translationContextField = 1;
/** In the order of `translationLists`, in the question; the answer's numbers are others. */
const firstListField = 2;

/**
 * The encoded request of a hook: the resources are joined in as they are, the context is always there, also when it
 * is empty. Equal questions give equal bytes.
 */
export function hookRequest(question: ResourceQuestion | TranslationQuestion): Uint8Array {
  if (question.hook === "Translation") {
    const context = codec("envoygateway.extension.PostTranslateExtensionContext").encode({
      extensionResources: objects(question.extensionResources),
    });
    return translationLists.reduce(
      (request, list, index) => withMessages(request, firstListField + index, question.resources[list] ?? []),
      withMessages(nothing, translationContextField, [context]),
    );
  }
  const asked = withMessages(nothing, resourceField, [question.resource]);
  return withMessages(asked, contextField, [contextOf(question)]);
}

function contextOf(question: ResourceQuestion): Uint8Array {
  switch (question.hook) {
    case "Route":
      return codec("envoygateway.extension.PostRouteExtensionContext").encode({
        extensionResources: objects(question.extensionResources),
        hostnames: question.hostnames,
        extensionPolicies: objects(question.extensionPolicies),
      });
    case "HTTPListener":
      return codec("envoygateway.extension.PostHTTPListenerExtensionContext").encode({
        extensionResources: objects(question.extensionResources),
      });
    case "Cluster":
      return codec("envoygateway.extension.PostClusterExtensionContext").encode({
        backendExtensionResources: objects(question.extensionResources),
      });
    case "VirtualHost":
    case "Endpoints":
      return nothing;
  }
}

function objects(json: readonly string[]): readonly { readonly unstructuredBytes: Uint8Array }[] {
  return json.map((text) => ({ unstructuredBytes: utf8(text) }));
}
