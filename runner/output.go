package runner

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// output reads what a process prints: standard output and standard error have a pipe each, and one goroutine reads both,
// so that what it passes on is in the order in which it was printed, as far as a reader can tell.
type output struct {
	read  [2]*os.File // standard output, standard error
	write [2]*os.File // what the process gets
	take  [2]func([]byte)
	gone  chan struct{} // closed when the process and its descendants have ended
	done  chan struct{}
}

// leftOpen is how long is waited for output of a process that has ended, where somebody else holds its pipe open.
const leftOpen = 2 * time.Second

// newOutput makes the pipes. takeOut and takeErr are called from one goroutine; the bytes are valid during the call only.
func newOutput(takeOut, takeErr func([]byte)) (*output, error) {
	o := &output{take: [2]func([]byte){takeOut, takeErr}, gone: make(chan struct{}), done: make(chan struct{})}
	for i := range o.read {
		var err error
		if o.read[i], o.write[i], err = os.Pipe(); err != nil {
			o.close()
			return nil, err
		}
	}
	return o, nil
}

func (o *output) close() {
	for i := range o.read {
		if o.read[i] != nil {
			o.read[i].Close()
			o.write[i].Close()
		}
	}
}

// follow starts reading, once the process has its ends of the pipes.
func (o *output) follow() {
	for _, w := range o.write {
		w.Close()
	}
	go o.pump()
}

// end waits until everything was read; the process has ended.
func (o *output) end() {
	close(o.gone)
	<-o.done
}

func (o *output) pump() {
	defer close(o.done)
	defer o.close()
	fds := make([]unix.PollFd, 2)
	for i, file := range o.read {
		fds[i] = unix.PollFd{Fd: int32(file.Fd()), Events: unix.POLLIN}
		if err := unix.SetNonblock(int(fds[i].Fd), true); err != nil {
			return
		}
	}
	buffer := make([]byte, 64<<10)
	var deadline time.Time
	for fds[0].Fd >= 0 || fds[1].Fd >= 0 {
		n, err := unix.Poll(fds, 500)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		for i := range fds { // standard output first: most programs say last on standard error why they end
			if fds[i].Revents != 0 && !o.readOne(i, int(fds[i].Fd), buffer) {
				fds[i].Fd = -1
			}
			fds[i].Revents = 0
		}
		if n > 0 {
			continue
		}
		select {
		case <-o.gone:
			if deadline.IsZero() {
				deadline = time.Now().Add(leftOpen)
			}
			if time.Now().After(deadline) {
				return
			}
		default:
		}
	}
}

// readOne passes on what a pipe holds now, at most a buffer full, and reports whether more may come.
func (o *output) readOne(i, fd int, buffer []byte) bool {
	n, err := unix.Read(fd, buffer)
	if n > 0 {
		o.take[i](buffer[:n])
		return true
	}
	return errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN)
}
