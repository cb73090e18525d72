// The caller of the measurements: the same cheap program for every plugin, on blocking system calls, so that what is
// seen is the plugin. It sends the bytes it is given and reads whole HTTP answers.
//
//	go-load call SOCKET CONNECTIONS CALLS < requests    a JSON list of requests, sent in turn
//	go-load start SOCKET COMMAND...                     starts a plugin, tells when it first answers Activate
//	go-load floor SOCKET                                serves one fixed answer: what the caller and the kernel cost
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime/debug"
	"sort"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const floorAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.plugins.v1.2+json\r\nContent-Length: 2\r\n\r\n{}"

const activate = "POST /Plugin.Activate HTTP/1.1\r\nHost: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\n" +
	"Content-Length: 0\r\nAccept: application/vnd.docker.plugins.v1.2+json\r\n\r\n"

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: go-load call|start|floor SOCKET ...")
	}
	// Reads and writes bypass the scheduler, so a collection would wait for them.
	debug.SetGCPercent(-1)
	switch socket := os.Args[2]; os.Args[1] {
	case "call":
		call(socket, number(os.Args[3]), number(os.Args[4]))
	case "start":
		start(socket, os.Args[3:])
	case "floor":
		floor(socket)
	}
}

// connection is one keep-alive connection with at most one request on its way.
type connection struct {
	fd     int
	next   int
	sentAt time.Time
	buffer [1 << 16]byte
	filled int
}

func call(socket string, connections, calls int) {
	var requests []string
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		log.Fatal(err)
	}
	bytesOf := make([][]byte, len(requests))
	for i, request := range requests {
		bytesOf[i] = []byte(request)
	}
	open := map[int]*connection{}
	for i := 0; i < connections; i++ {
		fd := dialSoon(socket)
		open[fd] = &connection{fd: fd}
	}
	latencies := make([]time.Duration, 0, calls)
	began := time.Now()
	latencies = callMany(open, bytesOf, latencies)
	elapsed := time.Since(began)
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	percentile := func(share float64) float64 {
		return float64(latencies[int(share*float64(len(latencies)-1))]) / 1e3
	}
	print(map[string]float64{
		"callsPerSecond": float64(len(latencies)) / elapsed.Seconds(),
		"p50Us":          percentile(0.5),
		"p99Us":          percentile(0.99),
	})
}

func callMany(open map[int]*connection, requests [][]byte, latencies []time.Duration) []time.Duration {
	epoll, err := syscall.EpollCreate1(0)
	if err != nil {
		log.Fatal(err)
	}
	for fd, each := range open {
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}
		if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
			log.Fatal(err)
		}
		each.send(requests)
	}
	events := make([]syscall.EpollEvent, len(open))
	for {
		count, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epoll),
			uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), ^uintptr(0), 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			log.Fatal(errno)
		}
		for _, event := range events[:count] {
			each := open[int(event.Fd)]
			if !each.receive() {
				continue
			}
			latencies = append(latencies, time.Since(each.sentAt))
			if len(latencies) == cap(latencies) {
				return latencies
			}
			each.send(requests)
		}
	}
}

func (c *connection) send(requests [][]byte) {
	request := requests[c.next%len(requests)]
	c.next++
	c.sentAt = time.Now()
	for len(request) > 0 {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(c.fd),
			uintptr(unsafe.Pointer(&request[0])), uintptr(len(request)))
		if errno != 0 {
			log.Fatal("write: ", errno)
		}
		request = request[n:]
	}
}

// receive reads once and tells whether the answer is whole; one that is not 200 ends the program.
func (c *connection) receive() bool {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(c.fd),
		uintptr(unsafe.Pointer(&c.buffer[c.filled])), uintptr(len(c.buffer)-c.filled))
	if errno != 0 || n == 0 {
		log.Fatalf("read: %d bytes, %v", n, errno)
	}
	c.filled += int(n)
	if !whole(c.buffer[:c.filled]) {
		return false
	}
	c.filled = 0
	return true
}

var (
	statusLine    = []byte("HTTP/1.1 200 ")
	headEnd       = []byte("\r\n\r\n")
	contentLength = []byte("Content-Length: ")
	lastChunk     = []byte("\r\n0\r\n\r\n")
)

func whole(answer []byte) bool {
	end := bytes.Index(answer, headEnd)
	if end < 0 {
		return false
	}
	if !bytes.HasPrefix(answer, statusLine) {
		log.Fatalf("not 200: %s", answer)
	}
	head := answer[:end]
	at := bytes.Index(head, contentLength)
	if at < 0 {
		return bytes.HasSuffix(answer, lastChunk)
	}
	length := 0
	for _, digit := range head[at+len(contentLength):] {
		if digit < '0' || digit > '9' {
			break
		}
		length = length*10 + int(digit-'0')
	}
	return len(answer) == end+len(headEnd)+length
}

func start(socket string, command []string) {
	process := exec.Command(command[0], command[1:]...)
	process.Stderr = os.Stderr
	began := time.Now()
	if err := process.Start(); err != nil {
		log.Fatal(err)
	}
	only := connection{fd: dialSoon(socket)}
	only.send([][]byte{[]byte(activate)})
	for !only.receive() {
	}
	elapsed := time.Since(began)
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		log.Fatal(err)
	}
	_ = process.Wait()
	print(map[string]float64{"milliseconds": float64(elapsed) / 1e6})
}

func floor(socket string) {
	listener, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		err = syscall.Bind(listener, &syscall.SockaddrUnix{Name: socket})
	}
	if err == nil {
		err = syscall.Listen(listener, 16)
	}
	if err != nil {
		log.Fatal(err)
	}
	answer := []byte(floorAnswer)
	buffer := make([]byte, 1<<16)
	for {
		fd, _, err := syscall.Accept(listener)
		if err != nil {
			log.Fatal(err)
		}
		for {
			n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)))
			if n == 0 || errno != 0 {
				break
			}
			syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&answer[0])), uintptr(len(answer)))
		}
		syscall.Close(fd)
	}
}

// dialSoon waits for a plugin that is just starting.
func dialSoon(socket string) int {
	for began := time.Now(); ; time.Sleep(200 * time.Microsecond) {
		fd, err := dial(socket)
		if err == nil {
			return fd
		}
		if time.Since(began) > 10*time.Second {
			log.Fatal(err)
		}
	}
}

func dial(socket string) (int, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: socket}); err != nil {
		syscall.Close(fd)
		return 0, err
	}
	return fd, nil
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func print(figures map[string]float64) {
	if err := json.NewEncoder(os.Stdout).Encode(figures); err != nil {
		log.Fatal(fmt.Errorf("cannot write the figures: %w", err))
	}
}
