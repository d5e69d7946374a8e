package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
)

// rawCodec takes messages as the bytes that they are.
type rawCodec struct{}

func (rawCodec) Marshal(message any) ([]byte, error) {
	switch bytes := message.(type) {
	case []byte:
		return bytes, nil
	case *[]byte:
		return *bytes, nil
	}
	return nil, fmt.Errorf("bytes to send, got %T", message)
}

func (rawCodec) Unmarshal(data []byte, message any) error {
	bytes, ok := message.(*[]byte)
	if !ok {
		return fmt.Errorf("a place for bytes, got %T", message)
	}
	*bytes = append([]byte{}, data...)
	return nil
}

// Name is what the tests' other backends are called by their protobuf codec.
func (rawCodec) Name() string { return "proto" }

// names is the service of all backends: Say answers with the name of who answers, here the server's address.
var names = grpc.ServiceDesc{
	ServiceName: "test.Names",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Say",
		Handler: func(server any, ctx context.Context, take func(any) error, through grpc.UnaryServerInterceptor) (any, error) {
			var request []byte
			if err := take(&request); err != nil {
				return nil, err
			}
			say := func(context.Context, any) (any, error) { return []byte(server.(string)), nil }
			if through == nil {
				return say(ctx, request)
			}
			return through(ctx, request, &grpc.UnaryServerInfo{Server: server, FullMethod: method}, say)
		},
	}},
}
