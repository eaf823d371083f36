package gauge

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a process that is measured from outside.
type Process int

// Tree is the process and all that came of it and are there.
func (p Process) Tree() []Process {
	out := []Process{p}
	for i := 0; i < len(out); i++ {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", out[i]))
		for _, t := range tasks {
			for _, child := range strings.Fields(read(fmt.Sprintf("/proc/%d/task/%s/children", out[i], t.Name()))) {
				if n, err := strconv.Atoi(child); err == nil {
					out = append(out, Process(n))
				}
			}
		}
	}
	return out
}

// CPU is the processor time, user and system, of the process, of its children
// that are there, and of those that were waited for.
func (p Process) CPU() time.Duration {
	var all time.Duration
	for _, q := range p.Tree() {
		all += q.own() + q.ended()
	}
	return all
}

// own is the time of the process itself, in nanoseconds where the kernel's table
// counts in hundredths of a second; see clock_getcpuclockid(3).
func (p Process) own() time.Duration {
	const scheduler = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^int(p)<<3|scheduler), &t); err != nil {
		return 0 // it has ended
	}
	return time.Duration(t.Nano())
}

// ended is the time of children that have ended and were waited for.
func (p Process) ended() time.Duration {
	const perTick = time.Second / 100 // the kernel's unit in this file
	_, rest, _ := strings.Cut(read(fmt.Sprintf("/proc/%d/stat", p)), ") ")
	var ticks int64
	for i, f := range strings.Fields(rest) {
		if i == 13 || i == 14 { // cutime, cstime
			n, _ := strconv.ParseInt(f, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * perTick
}

// Written says how many bytes the process and its children handed to write calls
// of any kind, sockets too, and how many of them went on their way to a disk.
// Bytes of write calls are not those of mmap, splice and their like.
func (p Process) Written() (calls, disk int64) {
	for _, q := range p.Tree() {
		io := read(fmt.Sprintf("/proc/%d/io", q))
		calls += field(io, "wchar:")
		disk += field(io, "write_bytes:")
	}
	return calls, disk
}

// Memory is what the process and its children have in memory now, in bytes.
func (p Process) Memory() int64 { return p.memory("VmRSS:") }

// Peak is the most that each of them had since ForgetPeak, added up.
func (p Process) Peak() int64 { return p.memory("VmHWM:") }

func (p Process) memory(name string) int64 {
	var all int64
	for _, q := range p.Tree() {
		all += field(read(fmt.Sprintf("/proc/%d/status", q)), name) << 10
	}
	return all
}

// ForgetPeak lets the peaks begin again from what there is now.
func (p Process) ForgetPeak() error {
	for _, q := range p.Tree() {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", q), []byte("5"), 0); err != nil {
			return err
		}
	}
	return nil
}
