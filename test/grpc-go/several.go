package main

import (
	"sync"

	"google.golang.org/grpc/resolver"
)

// The scheme "several" resolves a name to the addresses that a test set for it: one name, many edges, as DNS has it.
type several struct{}

var (
	addressesMutex sync.Mutex
	addresses      = map[string][]resolver.Address{}
)

func init() { resolver.Register(several{}) }

func setAddresses(name string, all []string) {
	addressesMutex.Lock()
	defer addressesMutex.Unlock()
	addresses[name] = nil
	for _, address := range all {
		addresses[name] = append(addresses[name], resolver.Address{Addr: address})
	}
}

func (several) Scheme() string { return "several" }

func (several) Build(
	target resolver.Target, connection resolver.ClientConn, _ resolver.BuildOptions,
) (resolver.Resolver, error) {
	addressesMutex.Lock()
	defer addressesMutex.Unlock()
	return fixed{}, connection.UpdateState(resolver.State{Addresses: addresses[target.Endpoint()]})
}

type fixed struct{}

func (fixed) ResolveNow(resolver.ResolveNowOptions) {}
func (fixed) Close()                                {}
