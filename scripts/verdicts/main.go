// Command verdicts reads one object a line and answers, a line each, what the code of a Kubernetes API server says
// of it: the errors, and the object with its defaults. Kinds with a CRD (whose files are the arguments) go through
// pruning, defaulting and validation of k8s.io/apiextensions-apiserver, the core kinds through k8s.io/kubernetes.
// Built and run by scripts/record-verdicts.ts only.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"sort"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/discovery"
	discoveryv1 "k8s.io/kubernetes/pkg/apis/discovery/v1"
	discoveryvalidation "k8s.io/kubernetes/pkg/apis/discovery/validation"
	"sigs.k8s.io/yaml"
)

type verdict struct {
	Errors []string    `json:"errors"`
	Object interface{} `json:"object"`
}

type crdVersion struct {
	schema     *structural.Structural
	validator  validation.SchemaValidator
	rules      *cel.Validator
	namespaced bool
}

func main() {
	crds := readCrds(os.Args[1:])
	scheme := coreScheme()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 4<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		var object map[string]interface{}
		must(utiljson.Unmarshal(in.Bytes(), &object))
		apiVersion, _ := object["apiVersion"].(string)
		kind, _ := object["kind"].(string)
		var answer verdict
		if crd, known := crds[apiVersion+"/"+kind]; known {
			answer = judgeCustom(object, crd)
		} else {
			answer = judgeCore(in.Bytes(), scheme)
		}
		sort.Strings(answer.Errors)
		line, err := json.Marshal(answer)
		must(err)
		out.Write(append(line, '\n'))
	}
	must(in.Err())
}

func readCrds(files []string) map[string]crdVersion {
	crds := map[string]crdVersion{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(err)
		var crd apiextensionsv1.CustomResourceDefinition
		must(yaml.Unmarshal(text, &crd))
		for _, version := range crd.Spec.Versions {
			var props apiextensions.JSONSchemaProps
			must(apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &props, nil))
			schema, err := structural.NewStructural(&props)
			must(err)
			validator, _, err := validation.NewSchemaValidator(&props)
			must(err)
			crds[crd.Spec.Group+"/"+version.Name+"/"+crd.Spec.Names.Kind] = crdVersion{schema, validator, cel.NewValidator(schema, true, celconfig.PerCallLimit), crd.Spec.Scope == apiextensionsv1.NamespaceScoped}
		}
	}
	return crds
}

func judgeCustom(object map[string]interface{}, crd crdVersion) verdict {
	answer := verdict{Errors: []string{}}
	options := structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	for _, path := range pruning.PruneWithOptions(object, crd.schema, true, options) {
		answer.Errors = append(answer.Errors, "UnknownField "+path)
	}
	strict := objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true}
	meta, _, unknown, err := objectmeta.GetObjectMetaWithOptions(object, strict)
	if err != nil {
		answer.Errors = append(answer.Errors, "Decode "+err.Error())
	} else if meta != nil {
		for _, path := range unknown {
			answer.Errors = append(answer.Errors, "UnknownField "+path)
		}
		answer.add(metavalidation.ValidateObjectMeta(meta, crd.namespaced, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata")))
	} else {
		answer.Errors = append(answer.Errors, "FieldValueRequired metadata: name or generateName is required")
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, crd.schema)
	defaulting.Default(object, crd.schema)
	found := validation.ValidateCustomResource(nil, object, crd.validator)
	found = append(found, listtype.ValidateListSetsAndMaps(nil, crd.schema, object)...)
	if !blocks(answer.Errors) && !blocks(typesOf(found)) {
		rules, _ := crd.rules.Validate(context.Background(), nil, crd.schema, object, nil, celconfig.RuntimeCELCostBudget)
		found = append(found, rules...)
	}
	answer.add(found)
	answer.Object = object
	return answer
}

// What makes the server skip the rules (customresource's strategy, hasBlockingErr), and errors of decoding.
var blocking = []field.ErrorType{field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid, "Decode"}

func typesOf(list field.ErrorList) []string {
	types := []string{}
	for _, each := range list {
		types = append(types, string(each.Type))
	}
	return types
}

func blocks(errors []string) bool {
	for _, each := range errors {
		for _, kind := range blocking {
			if strings.HasPrefix(each, string(kind)) {
				return true
			}
		}
	}
	return false
}

func coreScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{core.AddToScheme, corev1.AddToScheme, discovery.AddToScheme, discoveryv1.AddToScheme} {
		must(add(scheme))
	}
	return scheme
}

func judgeCore(text []byte, scheme *runtime.Scheme) verdict {
	answer := verdict{Errors: []string{}}
	strict := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme, serializer.SerializerOptions{Strict: true})
	object, gvk, err := strict.Decode(text, nil, nil)
	if err != nil {
		answer.Errors = append(answer.Errors, "Decode "+err.Error())
	}
	if object == nil {
		return answer
	}
	scheme.Default(object)
	answer.Object = object
	internal, err := scheme.ConvertToVersion(object, schema.GroupVersion{Group: gvk.Group, Version: runtime.APIVersionInternal})
	must(err)
	switch typed := internal.(type) {
	case *core.Service:
		// What the registry's strategy does before it validates, and the allocator with it.
		if typed.Spec.ClusterIP != "" && len(typed.Spec.ClusterIPs) == 0 {
			typed.Spec.ClusterIPs = []string{typed.Spec.ClusterIP}
		}
		if typed.Spec.Type == core.ServiceTypeLoadBalancer && typed.Spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal && typed.Spec.HealthCheckNodePort == 0 {
			typed.Spec.HealthCheckNodePort = 30000
		}
		answer.add(corevalidation.ValidateServiceCreate(typed))
	case *core.Namespace:
		answer.add(corevalidation.ValidateNamespace(typed))
	case *core.Secret:
		answer.add(corevalidation.ValidateSecret(typed))
	case *core.ConfigMap:
		answer.add(corevalidation.ValidateConfigMap(typed))
	case *discovery.EndpointSlice:
		answer.add(discoveryvalidation.ValidateEndpointSliceCreate(typed))
	}
	return answer
}

func (v *verdict) add(list field.ErrorList) {
	for _, each := range list {
		v.Errors = append(v.Errors, string(each.Type)+" "+each.Field+": "+each.Detail)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
