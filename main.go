// Command harness plans, runs, records and reports ablations of vision-language models.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"harness/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, os.Args[1:]))
}
