package registry

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"harness/internal/filelock"
)

// TestMain lets the test binary stand in for a harness that opens a home and says how many trials it finds.
func TestMain(m *testing.M) {
	home := os.Getenv("REGISTRY_TEST_HOME")
	if home == "" {
		os.Exit(m.Run())
	}
	if err := openAndCount(home); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func openAndCount(home string) error {
	open := OpenReadOnly
	if os.Getenv("REGISTRY_TEST_WRITE") != "" {
		open = Open
	}
	db, err := open(context.Background(), home)
	if err != nil {
		return err
	}
	defer db.Close()
	trials, err := db.Trials(context.Background(), Query{Sweep: "bench", States: []State{Done}})
	if err != nil {
		return err
	}
	fmt.Println("trials", len(trials))
	return nil
}

// opener starts a process that opens home.
func opener(t *testing.T, home string, write bool) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "REGISTRY_TEST_HOME="+home)
	if write {
		cmd.Env = append(cmd.Env, "REGISTRY_TEST_WRITE=1")
	}
	return cmd
}

// planBench plans the trials that fillHome made.
func planBench(t testing.TB, home string, sweep Sweep) {
	t.Helper()
	db, err := Open(context.Background(), home)
	must(t, err)
	must(t, db.Plan(context.Background(), sweep))
	must(t, db.Close())
}

// TestKilledRebuilds kills processes in the middle of a rebuild while two readers and a writer look all the time: nobody
// ever sees another number of trials than all. REGISTRY_TEST_TRIALS and REGISTRY_TEST_KILLS make it larger.
func TestKilledRebuilds(t *testing.T) {
	trials, kills := fromEnv(t, "REGISTRY_TEST_TRIALS", 300), fromEnv(t, "REGISTRY_TEST_KILLS", 6)
	home := t.TempDir()
	planBench(t, home, fillHome(t, home, trials, 5, 2))
	want := fmt.Sprintf("trials %d\n", trials)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	seen := make([]int, 3)
	for i := range seen {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				out, err := opener(t, home, i == 2).CombinedOutput()
				if string(out) != want || err != nil {
					t.Errorf("a reader saw %q, %v", out, err)
					return
				}
				seen[i]++
			}
		})
	}
	killed := 0
	for tries := 0; killed < kills && tries < 20*kills && !t.Failed(); tries++ {
		_ = os.Remove(filepath.Join(home, fileName))
		victims := map[int]*exec.Cmd{}
		for range 4 {
			cmd := opener(t, home, false)
			must(t, cmd.Start())
			victims[cmd.Process.Pid] = cmd
		}
		if victim := victims[rebuilding(home)]; victim != nil {
			time.Sleep(time.Duration(rand.Int64N(int64(30 * time.Millisecond))))
			if victim.Process.Kill() == nil {
				killed++
			}
		}
		for _, cmd := range victims {
			_ = cmd.Wait()
		}
	}
	close(stop)
	readers.Wait()
	if killed < kills || seen[0]+seen[1]+seen[2] < 3 {
		t.Errorf("only %d kills, %v looks", killed, seen)
	}
	_ = os.Remove(filepath.Join(home, fileName))
	if out, err := opener(t, home, false).CombinedOutput(); string(out) != want || err != nil {
		t.Errorf("after all: %q, %v", out, err)
	}
	if left := globNew(home); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// rebuilding waits until a process has begun to make a registry.db, and returns which; 0 = none did.
func rebuilding(home string) int {
	for range 500 {
		for _, path := range globNew(home) {
			if pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), newPrefix)); err == nil {
				return pid
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0
}

func globNew(home string) []string {
	paths, _ := filepath.Glob(filepath.Join(home, newPrefix+"*"))
	return paths
}

func fromEnv(t *testing.T, name string, otherwise int) int {
	t.Helper()
	if text := os.Getenv(name); text != "" {
		n, err := strconv.Atoi(text)
		must(t, err)
		return n
	}
	return otherwise
}

// TestOthersRebuild: who finds somebody else rebuilding waits for the end, or refuses in one line.
func TestOthersRebuild(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	planBench(t, home, fillHome(t, home, 3, 1, 1))
	removeDB(t, home)
	lock, err := filelock.Try(filepath.Join(home, lockName))
	must(t, err)
	defer lock.Release()
	defer func(d time.Duration) { lockTimeout = d }(lockTimeout)
	lockTimeout = 60 * time.Millisecond
	for _, open := range []func(context.Context, string) (*DB, error){Open, OpenReadOnly} {
		_, err := open(ctx, home)
		if err == nil || !strings.Contains(err.Error(), "another process") || strings.Contains(err.Error(), "\n") {
			t.Errorf("while another one rebuilds: %v", err)
		}
	}
	lockTimeout = time.Minute
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := OpenReadOnly(canceled, home); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	opened := make(chan error, 1)
	go func() {
		db, err := OpenReadOnly(ctx, home)
		if err == nil {
			var trials []Trial
			if trials, err = db.Trials(ctx, Query{}); len(trials) != 3 {
				err = errors.Join(err, fmt.Errorf("%d trials", len(trials)))
			}
			err = errors.Join(err, db.Close())
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(150 * time.Millisecond):
	}
	lock.Release()
	must(t, <-opened)
}

// TestStaleLog: the log of a registry.db that was deleted is not taken for that of the new one, and who has the old one
// open keeps what it saw.
func TestStaleLog(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	sweep := fillHome(t, home, 3, 1, 1)
	planBench(t, home, sweep)
	writer := open(t, home)
	must(t, writer.SetNote(ctx, sweep.Members[0].ID, "in the log"))
	reader, err := OpenReadOnly(ctx, home)
	must(t, err)
	defer reader.Close()
	if trials, err := reader.Trials(ctx, Query{}); err != nil || len(trials) != 3 {
		t.Fatal(len(trials), err)
	}
	must(t, os.Remove(filepath.Join(home, fileName))) // and the log stays
	more := fillHome(t, home, 5, 1, 1)
	rebuilt, err := OpenReadOnly(ctx, home)
	must(t, err)
	defer rebuilt.Close()
	trials, err := rebuilt.Trials(ctx, Query{})
	if err != nil || len(trials) != len(more.Members) || trials[0].Note != "in the log" {
		t.Errorf("%d trials, %v", len(trials), err)
	}
	must(t, writer.SetNote(ctx, sweep.Members[2].ID, "of the writer")) // goes on in the new one
	if trials, err := rebuilt.Trials(ctx, Query{}); err != nil || trials[2].Note != "of the writer" {
		t.Errorf("%+v, %v", trials, err)
	}
	must(t, writer.Close())
	must(t, reader.Close()) // must not touch the files of the new one
	again := open(t, home)
	must(t, again.SetNote(ctx, sweep.Members[1].ID, "later"))
	if trials, err := rebuilt.Trials(ctx, Query{}); err != nil || len(trials) != 5 || trials[1].Note != "later" {
		t.Errorf("%d trials, %v", len(trials), err)
	}
	var check string
	if err := again.sql.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || check != "ok" {
		t.Error(check, err)
	}
}

// TestHalfFilled: a registry.db that a version before this one left in the middle of its first filling is made anew.
func TestHalfFilled(t *testing.T) {
	ctx, home := context.Background(), oldHome(t)
	db, err := connect(home, dsn(filepath.Join(home, fileName), "mode=rw"))
	must(t, err)
	_, err = db.sql.Exec(`PRAGMA application_id = 0; DELETE FROM member; DELETE FROM param; DELETE FROM trial`)
	must(t, err)
	must(t, db.Close())
	db, err = OpenReadOnly(ctx, home)
	must(t, err)
	defer db.Close()
	checkOldHome(t, db)
}

// TestDamagedRegistry: a damaged registry.db is refused, with what to do; never is there a panic, nor a trial less.
func TestDamagedRegistry(t *testing.T) {
	home := t.TempDir()
	const trials = 120
	planBench(t, home, fillHome(t, home, trials, 5, 20))
	path := filepath.Join(home, fileName)
	whole, err := os.ReadFile(path)
	must(t, err)
	if len(whole) < 100_000 {
		t.Fatalf("registry.db has %d bytes only", len(whole))
	}
	r := rand.New(rand.NewPCG(1, 2))
	cases := map[string][]byte{"0 bytes": {}, "100 bytes": whole[:100], "4096 bytes": whole[:4096], "50000 bytes": whole[:50_000],
		"all but a page": whole[:len(whole)-4096], "a text": []byte("no database\n")}
	noise := make([]byte, 90_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	cases["noise"] = noise
	for i := range 40 {
		b := append([]byte{}, whole...)
		for range 200 {
			b[4096+r.IntN(len(b)-4096)] = byte(r.Uint32())
		}
		cases[fmt.Sprintf("random bytes %d", i)] = b
		b = append([]byte{}, whole...)
		page := 4096 * (1 + r.IntN(len(b)/4096-1))
		clear(b[page : page+4096])
		cases[fmt.Sprintf("a page of zeros %d", i)] = b
	}
	refused := 0
	for name, data := range cases {
		for _, write := range []bool{false, true} {
			removeDB(t, home)
			must(t, os.WriteFile(path, data, 0o644))
			if !readDamaged(t, home, name, write, trials) {
				refused++
			}
		}
	}
	if refused < len(cases)/2 {
		t.Errorf("only %d of %d were refused", refused, 2*len(cases))
	}
}

// readDamaged opens a damaged home and reports whether it could be read, in which case all trials must be there.
func readDamaged(t *testing.T, home, name string, write bool, want int) bool {
	t.Helper()
	ctx := context.Background()
	open := OpenReadOnly
	if write {
		open = Open
	}
	db, err := open(ctx, home)
	var trials []Trial
	if err == nil {
		defer db.Close()
		if trials, err = db.Trials(ctx, Query{Sweep: "bench"}); err == nil && len(trials) != want {
			t.Errorf("%s: %d trials without a word", name, len(trials))
		}
		if all, errAll := db.Trials(ctx, Query{Brief: true}); err == nil && errAll == nil && len(all) != want {
			t.Errorf("%s: %d trials in all without a word", name, len(all))
		}
		ids := make([]string, len(trials))
		for i, trial := range trials {
			ids[i] = trial.ID
		}
		_, errSummary := db.Summary(ctx, ids)
		err = errors.Join(err, errSummary)
	}
	if err == nil {
		return true
	}
	if text := err.Error(); strings.HasPrefix(text, "open registry: it has version") || name == "0 bytes" {
		t.Errorf("%s: %v", name, err)
	}
	return false
}

// TestRebuildKeepsAll compares all that is read before a rebuild and after it.
func TestRebuildKeepsAll(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	trial := twoAttempts(t, home)
	sweep := fillHome(t, home, 3, 2, 2)
	db := open(t, home)
	sweep.Plan = json.RawMessage(`{"a": "<b> & c", "n": 1e400}`)
	must(t, db.Plan(ctx, sweep))
	sweep.Members, sweep.Options = sweep.Members[:2], "--set x=1"
	must(t, db.Plan(ctx, sweep))
	must(t, db.SetTags(ctx, trial.ID(), []string{"good", "a b"}))
	must(t, db.SetNote(ctx, sweep.Members[0].ID, "look\nhere"))
	must(t, db.Redo(ctx, []string{sweep.Members[1].ID}))
	read := func(db *DB) string {
		s, err := db.Sweep(ctx, "bench")
		must(t, err)
		infos, err := db.Sweeps(ctx)
		must(t, err)
		trials, err := db.Trials(ctx, Query{Sweep: "bench", All: true})
		must(t, err)
		all, err := db.Trials(ctx, Query{})
		must(t, err)
		return fmt.Sprintf("%+v\n%+v\n%+v\n%d", s, infos, trials, len(all))
	}
	want := read(db)
	must(t, db.Close())
	removeDB(t, home)
	db = open(t, home)
	if got := read(db); got != want {
		t.Errorf("before:\n%s\nafter:\n%s", want, got)
	}
	var digest string
	must(t, db.readOne(ctx, `SELECT digest FROM sweep`, nil, &digest))
	specs, err := encodeSpecs(sweep.Members)
	must(t, err)
	must(t, sweep.normalize())
	if digest != sweep.digest(specs) {
		t.Error("after a rebuild the same plan is taken for another one")
	}
	if file, err := os.Open(planPath(home, "bench")); err != nil {
		t.Error(err)
	} else {
		line, _ := bufio.NewReader(file).ReadString('\n')
		if !strings.Contains(line, `"version":2,"handle":"bench"`) || !strings.Contains(line, `<b> & c`) {
			t.Errorf("%.200s", line)
		}
		file.Close()
	}
}

// TestLongJournal: a journal of several chunks and transactions comes to the same, rebuilt or ingested.
func TestLongJournal(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	db := open(t, home)
	const steps, metrics = 13_000, 4
	sweep := fillHome(t, home, 1, steps, metrics)
	id := sweep.Members[0].ID
	seen, err := db.Ingest(ctx, id, 1)
	must(t, err)
	if seen.Events != steps*metrics+3 || seen.Events < batchEvents {
		t.Errorf("%d events", seen.Events)
	}
	for range 2 {
		all, err := db.Summary(ctx, []string{id})
		must(t, err)
		curve, err := db.Points(ctx, id, "metric/3")
		must(t, err)
		want := Summary{Last: 1 / float64(steps+3), LastStep: steps - 1, Min: 1 / float64(steps+3), Max: 0.25, N: steps, Final: true}
		if all[id]["metric/3"] != want || len(all[id]) != metrics || len(curve) != steps || curve[7] != (Point{7, 1. / 11}) {
			t.Errorf("%+v, %d points", all, len(curve))
		}
		db = again(t, db)
	}
}
