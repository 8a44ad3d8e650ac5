package browsertest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSlowClients holds that clients who send their request slowly, or do not read the answer, do not keep others from theirs, and are
// sent away.
func TestSlowClients(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	address := strings.TrimPrefix(s.base, "http://")
	dial := func(head string) net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4096)
		}
		fmt.Fprint(conn, head)
		return conn
	}
	var half []net.Conn
	for range 200 {
		half = append(half, dial("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "))
	}
	for range 100 { // none of them reads: more than may be answered at once
		dial("GET " + sweepPath("hostile") + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for { // the first answers may have to wait for room
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/", nil)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatalf("another client gets no answer: %v", err)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err == nil && answer.StatusCode == http.StatusOK {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	_ = half[0].SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(half[0]); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("a client that sends half of a request stays connected: %v", err)
	}
}

// TestFlood asks for everything at once from many clients: some may be told to come again, and afterwards all is as before.
func TestFlood(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	list := views(t, h)
	var wait sync.WaitGroup
	var mu sync.Mutex
	counts := map[int]int{}
	for range 100 {
		wait.Go(func() {
			for i := range 10 {
				answer, err := http.Get(s.base + list[i%len(list)].path)
				if err != nil {
					mu.Lock()
					counts[0]++
					mu.Unlock()
					continue
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				mu.Lock()
				counts[answer.StatusCode]++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	for status := range counts {
		if status != 200 && status != 404 && status != 503 {
			t.Errorf("%d answers with status %d: %v: %s", counts[status], status, counts, s.log)
		}
	}
	answer, err := http.Get(s.base + "/")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("after the flood: %v, %v", answer, err)
	}
	answer.Body.Close()
	if now, _ := rss(t, s.cmd.Process.Pid); now > 300 {
		t.Errorf("%.0f MB after the flood", now)
	}
}
