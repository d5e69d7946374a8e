// Command kube-apiserver is the API server of Kubernetes. Its own module says that it may not be installed, since it
// names its parts by folder; this one names them by version. Built by scripts/kube-apiserver-binaries.ts only.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
