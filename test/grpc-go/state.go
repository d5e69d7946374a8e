package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/xds"
)

const method = "/test.Names/Say"

// state is all that commands made: channels by target, loads by target, servers by address.
type state struct {
	mutex   sync.Mutex
	clients map[string]*grpc.ClientConn
	loads   map[string]*load
	servers map[string]*served
}

type load struct {
	mutex        sync.Mutex
	good, failed int
	firstFailure string
	stop         context.CancelFunc
}

type served struct {
	mutex sync.Mutex
	modes []string
}

func newState() *state {
	return &state{clients: map[string]*grpc.ClientConn{}, loads: map[string]*load{}, servers: map[string]*served{}}
}

func (s *state) perform(command Command) Answer {
	switch command.Op {
	case "call":
		return s.call(command)
	case "load":
		return s.startLoad(command)
	case "counted":
		return s.counted(command)
	case "close":
		return s.close(command)
	case "addresses":
		setAddresses(command.Name, command.Addresses)
		return Answer{Code: "OK"}
	case "serve":
		return s.serve(command)
	case "modes":
		return s.modes(command)
	}
	return failed(fmt.Errorf("no such command: %q", command.Op))
}

// client of a target; made at its first use.
func (s *state) client(target string) (*grpc.ClientConn, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if known := s.clients[target]; known != nil {
		return known, nil
	}
	client, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})), grpc.WithIdleTimeout(0))
	if err == nil {
		s.clients[target] = client
	}
	return client, err
}

func (s *state) call(command Command) Answer {
	client, err := s.client(command.Target)
	if err != nil {
		return failed(err)
	}
	timeout := time.Duration(command.TimeoutMs) * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for name, value := range command.Headers {
		ctx = metadata.AppendToOutgoingContext(ctx, name, value)
	}
	var reply []byte
	if err := client.Invoke(ctx, method, []byte{}, &reply, grpc.WaitForReady(command.Wait)); err != nil {
		return failed(err)
	}
	return Answer{Code: "OK", Text: string(reply)}
}

// startLoad calls for ever, without waiting for a connection: each pick that fails is a call that fails.
func (s *state) startLoad(command Command) Answer {
	client, err := s.client(command.Target)
	if err != nil {
		return failed(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	running := &load{stop: stop}
	s.mutex.Lock()
	s.loads[command.Target] = running
	s.mutex.Unlock()
	go func() {
		for ctx.Err() == nil {
			running.once(client)
			time.Sleep(time.Duration(command.EveryMs) * time.Millisecond)
		}
	}()
	return Answer{Code: "OK"}
}

func (l *load) once(client *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var reply []byte
	err := client.Invoke(ctx, method, []byte{}, &reply)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err == nil {
		l.good++
		return
	}
	if l.failed++; l.failed == 1 {
		l.firstFailure = err.Error()
	}
}

func (s *state) counted(command Command) Answer {
	s.mutex.Lock()
	running := s.loads[command.Target]
	s.mutex.Unlock()
	if running == nil {
		return failed(fmt.Errorf("no load on %q", command.Target))
	}
	running.mutex.Lock()
	defer running.mutex.Unlock()
	return Answer{Code: "OK", Good: running.good, Failed: running.failed, FirstFailure: running.firstFailure}
}

func (s *state) close(command Command) Answer {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if running := s.loads[command.Target]; running != nil {
		running.stop()
		delete(s.loads, command.Target)
	}
	if client := s.clients[command.Target]; client != nil {
		delete(s.clients, command.Target)
		if err := client.Close(); err != nil {
			return failed(err)
		}
	}
	return Answer{Code: "OK"}
}

// serve starts a server whose Listener comes over xDS; it answers with the address that it listens on.
func (s *state) serve(command Command) Answer {
	listener, err := net.Listen("tcp", command.Target)
	if err != nil {
		return failed(err)
	}
	address := listener.Addr().String()
	this := &served{}
	noticed := xds.ServingModeCallback(func(_ net.Addr, args xds.ServingModeChangeArgs) {
		this.mutex.Lock()
		defer this.mutex.Unlock()
		mode := "SERVING"
		if args.Mode != connectivity.ServingModeServing {
			mode = "NOT_SERVING"
		}
		this.modes = append(this.modes, mode)
	})
	server, err := xds.NewGRPCServer(noticed, grpc.Creds(insecure.NewCredentials()), grpc.ForceServerCodec(rawCodec{}))
	if err != nil {
		return failed(err)
	}
	server.RegisterService(&names, address)
	s.mutex.Lock()
	s.servers[address] = this
	s.mutex.Unlock()
	go server.Serve(listener)
	return Answer{Code: "OK", Text: address}
}

func (s *state) modes(command Command) Answer {
	s.mutex.Lock()
	this := s.servers[command.Target]
	s.mutex.Unlock()
	if this == nil {
		return failed(fmt.Errorf("no server on %q", command.Target))
	}
	this.mutex.Lock()
	defer this.mutex.Unlock()
	return Answer{Code: "OK", Modes: append([]string{}, this.modes...)}
}

func failed(err error) Answer {
	if of, ok := status.FromError(err); ok {
		return Answer{Code: of.Code().String(), Message: of.Message()}
	}
	return Answer{Code: codes.Unknown.String(), Message: err.Error()}
}
