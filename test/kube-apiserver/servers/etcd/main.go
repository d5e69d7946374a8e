// Command etcd is the store of the API server. Its own module replaces parts of itself, so it cannot be installed.
// Built by scripts/kube-apiserver-binaries.ts only.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
