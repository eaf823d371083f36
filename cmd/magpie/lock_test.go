package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The lock goes with the process that took it, whatever still has its files:
// here a child that got the locked file itself.
func TestLockDiesWithItsProcess(t *testing.T) {
	if os.Getenv("MAGPIE_LOCK_TEST") != "" {
		holdLock(t, os.Getenv("MAGPIE_LOCK_TEST"))
	}
	folder := t.TempDir()
	owner := exec.Command(os.Args[0], "-test.run", "^TestLockDiesWithItsProcess$")
	owner.Env = append(os.Environ(), "MAGPIE_LOCK_TEST="+folder)
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "held\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := lockData(folder); err == nil || !strings.Contains(err.Error(), "in use by another magpie") {
		t.Errorf("a second owner: %v", err)
	}
	_ = owner.Process.Kill()
	_ = owner.Wait()
	release, err := lockData(folder)
	if err != nil {
		t.Fatalf("after the owner was killed: %v", err)
	}
	release()
}

// holdLock takes the lock, gives its file to a child that outlives it for a
// while, says so, and waits to be killed.
func holdLock(t *testing.T, folder string) {
	if _, err := lockData(folder); err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sleep", "5")
	for fd := 3; fd < 20; fd++ {
		if n, err := unix.Dup(fd); err == nil {
			child.ExtraFiles = append(child.ExtraFiles, os.NewFile(uintptr(n), "inherited"))
		}
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("held\n")
	select {}
}
