package cli

// self is the file of this very program, even if it was replaced meanwhile.
func self() string { return "/proc/self/exe" }
