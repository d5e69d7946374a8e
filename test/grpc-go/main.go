// Command grpc-go-client is a gRPC client, and a server, of grpc-go that find their configuration over xDS. A test
// drives it: one JSON command a line on standard input, one JSON answer a line on standard output, each with the id
// of its command. The bootstrap is read from GRPC_XDS_BOOTSTRAP_CONFIG, as grpc-go does by itself.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
)

// Command is what a test asks for.
type Command struct {
	ID int `json:"id"`
	// Op is call, load, counted, close, addresses, serve or modes.
	Op string `json:"op"`
	// Target of a client, such as xds:///name; or the address that a server listens on.
	Target string `json:"target"`
	// Headers of a call.
	Headers map[string]string `json:"headers"`
	// Wait says that a call waits for a connection instead of failing.
	Wait bool `json:"wait"`
	// TimeoutMs of a call, milliseconds.
	TimeoutMs int `json:"timeoutMs"`
	// EveryMs is the time between two calls of a load, milliseconds.
	EveryMs int `json:"everyMs"`
	// Name of a set of addresses that "addresses" gives to the scheme "several".
	Name string `json:"name"`
	// Addresses of that set, HOST:PORT.
	Addresses []string `json:"addresses"`
}

// Answer is what it gets.
type Answer struct {
	ID int `json:"id"`
	// Text that the backend said.
	Text string `json:"text"`
	// Code and Message of a failed call, as gRPC has them; OK without.
	Code    string `json:"code"`
	Message string `json:"message"`
	// Good and Failed calls of a load so far, and how the first of them failed.
	Good         int    `json:"good"`
	Failed       int    `json:"failed"`
	FirstFailure string `json:"firstFailure"`
	// Modes that a server went through, in order: SERVING, NOT_SERVING.
	Modes []string `json:"modes"`
}

func main() {
	output := json.NewEncoder(os.Stdout)
	var writing sync.Mutex
	say := func(answer Answer) {
		writing.Lock()
		defer writing.Unlock()
		if output.Encode(answer) != nil {
			os.Exit(1)
		}
	}
	state := newState()
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var command Command
		if err := json.Unmarshal(input.Bytes(), &command); err != nil {
			os.Stderr.WriteString("read a command: " + err.Error() + "\n")
			os.Exit(2)
		}
		// A call may wait for long; a command that comes behind it does not wait for that.
		go func() {
			answer := state.perform(command)
			answer.ID = command.ID
			say(answer)
		}()
	}
}
