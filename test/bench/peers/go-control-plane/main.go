// Serves the resources of a file with go-control-plane's SnapshotCache, as its users do: one snapshot for all proxies,
// a new one for each change. Commands come on the standard input: "change <version>", "gc".
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

// All proxies of a group share a snapshot: the cheapest way to use the cache.
type byCluster struct{}

func (byCluster) ID(node *core.Node) string { return node.GetCluster() }

func main() {
	group, changes := os.Args[1], newChanges(os.Args[2])
	snapshots := cache.NewSnapshotCache(true, byCluster{}, nil)
	set := func() {
		if err := snapshots.SetSnapshot(context.Background(), group, changes.snapshot()); err != nil {
			panic(err)
		}
	}
	set()
	address, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	service := server.NewServer(context.Background(), snapshots, nil)
	// The proxies of this benchmark heed no windows: 10,000 names must fit.
	grpcServer := grpc.NewServer(
		grpc.MaxRecvMsgSize(64<<20), grpc.InitialWindowSize(16<<20), grpc.InitialConnWindowSize(16<<20))
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, service)
	go func() {
		if err := grpcServer.Serve(address); err != nil {
			panic(err)
		}
	}()
	fmt.Println(address.Addr())
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		command, argument, _ := strings.Cut(commands.Text(), " ")
		if command == "gc" {
			debug.FreeOSMemory()
			fmt.Println("done")
			continue
		}
		changes.apply(argument)
		set()
	}
}

type changes struct {
	resources map[string][]types.Resource
	snapshots cache.Snapshot
	count     int
}

// A file of entries: type URL and message, each after its length in four bytes, big endian.
func newChanges(path string) *changes {
	bytes, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	next := func() []byte {
		length := binary.BigEndian.Uint32(bytes)
		entry := bytes[4 : 4+length]
		bytes = bytes[4+length:]
		return entry
	}
	found := &changes{resources: map[string][]types.Resource{}}
	for len(bytes) > 0 {
		typeURL := string(next())
		message := newMessage(typeURL)
		if err := proto.Unmarshal(next(), message); err != nil {
			panic(err)
		}
		found.resources[typeURL] = append(found.resources[typeURL], message)
	}
	for typeURL := range found.resources {
		found.renew(typeURL, "first")
	}
	return found
}

func newMessage(typeURL string) types.Resource {
	switch typeURL {
	case resource.ClusterType:
		return &cluster.Cluster{}
	case resource.EndpointType:
		return &endpoint.ClusterLoadAssignment{}
	case resource.ListenerType:
		return &listener.Listener{}
	case resource.RouteType:
		return &route.RouteConfiguration{}
	}
	panic("no such type: " + typeURL)
}

// One service gets another endpoint, or one virtual host another route; only that type has a new version.
func (c *changes) apply(what string) {
	c.count++
	version := fmt.Sprintf("change-%d", c.count)
	if what == "route" {
		table := proto.Clone(c.resources[resource.RouteType][0]).(*route.RouteConfiguration)
		host := table.VirtualHosts[c.count%len(table.VirtualHosts)]
		host.Routes[0].Name = version
		c.resources[resource.RouteType][0] = table
		c.renew(resource.RouteType, version)
		return
	}
	assignments := c.resources[resource.EndpointType]
	index := c.count % len(assignments)
	assignment := proto.Clone(assignments[index]).(*endpoint.ClusterLoadAssignment)
	socket := assignment.Endpoints[0].LbEndpoints[0].GetEndpoint().Address.GetSocketAddress()
	socket.PortSpecifier = &core.SocketAddress_PortValue{PortValue: uint32(1024 + c.count%60000)}
	assignments[index] = assignment
	c.renew(resource.EndpointType, version)
}

func (c *changes) renew(typeURL, version string) {
	c.snapshots.Resources[cache.GetResponseType(typeURL)] = cache.NewResources(version, c.resources[typeURL])
}

func (c *changes) snapshot() *cache.Snapshot {
	return &cache.Snapshot{Resources: c.snapshots.Resources}
}
