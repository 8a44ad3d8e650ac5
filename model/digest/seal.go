package digest

import "fmt"

// Match refuses contents whose digest is not the one that was planned, where one was. what and path name the contents.
func Match(what, path, planned, found string) error {
	if planned == "" || planned == found {
		return nil
	}
	return fmt.Errorf("%s %s changed since this trial was planned (digest %.12s, now %.12s): harness sweep plans it again", what, path, planned, found)
}
