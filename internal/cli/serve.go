package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/internal/web"
	"harness/registry"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	addr      string
	hosts     []string
	tokenFile string
	edit      bool
}

func newServeCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show sweeps, tables, curves and trials in a browser, live",
		Long: `Show sweeps, tables, curves, trials and samples of the home in a browser, live while trials run anywhere. It reads only, needs no network
and slows no sweep; --edit lets notes and tags be changed.

It listens on this machine alone. From another one, "ssh -L 8088:127.0.0.1:8088 HOST" brings it there. An address that others
can reach, such as --addr 0.0.0.0:8088, needs a token: --token-file FILE names a file that holds one, and makes it where there is none; the
address with the token is printed. The connection is not encrypted: put a proxy with TLS in front of it on a network that you do
not trust, and give the name that people call it by with --host.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), homeOf(cmd), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:8088", "address and port to listen on; port 0 takes a free one")
	f.StringSliceVar(&o.hosts, "host", nil, "a further name by which the page may be called, such as that of a proxy; needs a token")
	f.StringVar(&o.tokenFile, "token-file", "", "a file with the token that readers must have; made with a new one where there is none")
	f.BoolVar(&o.edit, "edit", false, "let notes and tags be changed")
	return cmd
}

const (
	headerTime = 10 * time.Second // to send the head of a request
	answerTime = 2 * time.Minute  // to take an answer
	closeTime  = 3 * time.Second  // for answers under way when the server ends
	leastToken = 16               // characters
	mostOpen   = 512              // connections; more wait

	serveGarbage = 50        // % of what is in use: a server runs beside trials, for long
	serveMemory  = 112 << 20 // from which on garbage is collected more often
)

// serve listens until ctx ends.
func serve(ctx context.Context, w, log io.Writer, home string, o serveOptions) error {
	host, _, err := net.SplitHostPort(o.addr)
	if err != nil {
		return usageError("--addr %s: want ADDRESS:PORT, such as 127.0.0.1:8088", o.addr)
	}
	if info, err := os.Stat(home); err != nil || !info.IsDir() {
		return withHint(usageError("serve %s: there is no such folder", home), `run a sweep first, such as "harness sweep smoke", or choose its folder with --home`)
	}
	token, err := o.token(host)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return withHint(fmt.Errorf("serve: %w", err), "choose another port with --addr ADDRESS:PORT; port 0 takes a free one")
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	server := web.New(web.Options{
		Home: home, Edit: o.edit, Token: token, Hosts: o.names(host), Port: port, Harness: thisBuild(ctx),
		Staleness:  func(db *registry.DB) *view.Staleness { return newStaleness(ctx, db) },
		Schedulers: schedulerNamed,
		CatchUp:    func(ctx context.Context) error { return catchUpTasks(ctx, log, home) },
		Log:        log,
	})
	defer server.Close()
	debug.SetGCPercent(serveGarbage)
	debug.SetMemoryLimit(serveMemory)
	fmt.Fprintf(w, "serving %s at %s\n", escape.Line(home), address(host, port, token))
	return listen(ctx, &bounded{Listener: listener, room: make(chan struct{}, mostOpen), closed: make(chan struct{})}, server)
}

// listen answers requests until ctx ends.
func listen(ctx context.Context, listener net.Listener, handler *web.Server) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: headerTime, WriteTimeout: answerTime,
		IdleTimeout: answerTime, MaxHeaderBytes: 64 << 10}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	handler.Close() // ends the connections that tell of changes
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		server.Close()
	}
	return nil
}

// token is what readers must have; "" where only this machine can ask and no file was named.
func (o serveOptions) token(host string) (string, error) {
	if o.tokenFile == "" {
		if !loopback(host) || len(o.hosts) > 0 {
			return "", withHint(usageError("serve: others can reach %s: it needs a token", o.addr),
				"--token-file FILE makes one; or listen on 127.0.0.1 and come by ssh -L")
		}
		return "", nil
	}
	data, err := os.ReadFile(o.tokenFile)
	if errors.Is(err, fs.ErrNotExist) {
		data = []byte(rand.Text() + "\n")
		err = writeSecret(o.tokenFile, data)
	}
	if err != nil {
		return "", fmt.Errorf("serve: token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < leastToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`";,\`, r) }) {
		return "", usageError(`serve: %s: want a token of at least %d letters and digits on one line; remove the file to have one made`, o.tokenFile, leastToken)
	}
	return token, nil
}

// writeSecret makes a file that nobody else may read; it must not be there yet.
func writeSecret(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// names are those by which the server may be called; none where a token guards it and it listens on all addresses.
func (o serveOptions) names(host string) []string {
	if !loopback(host) && len(o.hosts) == 0 {
		return nil
	}
	names := []string{"localhost", "127.0.0.1", "::1", strings.ToLower(host), strings.ToLower(reached(host))}
	for _, name := range o.hosts {
		names = append(names, strings.ToLower(name))
	}
	return names
}

// loopback reports whether only this machine can reach an address.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// address is what a reader types.
func address(host, port, token string) string {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(reached(host), port), Path: "/"}
	if token != "" {
		u.RawQuery = url.Values{"token": {token}}.Encode()
	}
	return u.String()
}

// reached is by what others reach an address: by the name of this machine where it stands for all of its addresses.
func reached(host string) string {
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return host
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "127.0.0.1"
}
