package cli

import (
	"bufio"
	"fmt"
	"harness/internal/view"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm asks before something is lost: what goes is said on log, and the answer is read from the terminal. Without a
// terminal it is --yes that says so.
func confirm(log io.Writer, yes bool, what string) error {
	if yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return withHint(usageError("%s: nobody can be asked here", what), "add --yes to do it")
	}
	fmt.Fprintf(log, "%s. Go on? [y/N] ", what)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	return withCode(exitFailed, fmt.Errorf("%s: not done", what))
}

// some names at most n trials for a question or a message.
func some(trials []view.Listed, n int) string {
	var parts []string
	for i, t := range trials {
		if i == n {
			parts = append(parts, fmt.Sprintf("and %d more", len(trials)-n))
			break
		}
		parts = append(parts, strings.TrimSpace(t.ID[:8]+" "+t.Label))
	}
	return strings.Join(parts, "; ")
}
