// A Docker volume plugin as Go authors write it: net/http, encoding/json, one mutex, one map.
// It keeps its volumes in memory, like the plugin it is measured beside.
//
//	go-plugin SOCKET
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"sync"
	"syscall"
)

const mediaType = "application/vnd.docker.plugins.v1.2+json"

type volume struct {
	Name       string
	Mountpoint string         `json:",omitempty"`
	CreatedAt  string         `json:",omitempty"`
	Status     map[string]any `json:",omitempty"`
}

type createRequest struct {
	Name string
	Opts map[string]string `json:",omitempty"`
}

type nameRequest struct {
	Name string
}

type mountRequest struct {
	Name string
	ID   string
}

type emptyRequest struct{}

type emptyReply struct{}

type activateReply struct {
	Implements []string
}

type mountReply struct {
	Mountpoint string
}

type getReply struct {
	Volume *volume
}

type listReply struct {
	Volumes []*volume
}

type capability struct {
	Scope string
}

type capabilitiesReply struct {
	Capabilities capability
}

type errorReply struct {
	Err string
}

type stored struct {
	mountpoint string
	createdAt  string
	mounts     map[string]int
}

type driver struct {
	mutex   sync.Mutex
	root    string
	volumes map[string]*stored
}

func (d *driver) create(request *createRequest) (*emptyReply, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if _, exists := d.volumes[request.Name]; !exists {
		d.volumes[request.Name] = &stored{
			mountpoint: filepath.Join(d.root, request.Name),
			createdAt:  "2024-01-01T00:00:00Z",
			mounts:     map[string]int{},
		}
	}
	return &emptyReply{}, nil
}

func (d *driver) remove(request *nameRequest) (*emptyReply, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, err := d.find(request.Name)
	if err != nil {
		return nil, err
	}
	if len(found.mounts) > 0 {
		return nil, fmt.Errorf("volume %q is mounted", request.Name)
	}
	delete(d.volumes, request.Name)
	return &emptyReply{}, nil
}

func (d *driver) mount(request *mountRequest) (*mountReply, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, err := d.find(request.Name)
	if err != nil {
		return nil, err
	}
	found.mounts[request.ID]++
	return &mountReply{Mountpoint: found.mountpoint}, nil
}

func (d *driver) unmount(request *mountRequest) (*emptyReply, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, err := d.find(request.Name)
	if err != nil {
		return nil, err
	}
	if found.mounts[request.ID]--; found.mounts[request.ID] <= 0 {
		delete(found.mounts, request.ID)
	}
	return &emptyReply{}, nil
}

func (d *driver) path(request *nameRequest) (*mountReply, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, err := d.find(request.Name)
	if err != nil {
		return nil, err
	}
	return &mountReply{Mountpoint: found.mountpoint}, nil
}

func (d *driver) get(request *nameRequest) (*getReply, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, err := d.find(request.Name)
	if err != nil {
		return nil, err
	}
	return &getReply{Volume: found.describe(request.Name)}, nil
}

func (d *driver) list(*emptyRequest) (*listReply, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	volumes := make([]*volume, 0, len(d.volumes))
	for name, found := range d.volumes {
		volumes = append(volumes, found.describe(name))
	}
	sort.Slice(volumes, func(i, j int) bool { return volumes[i].Name < volumes[j].Name })
	return &listReply{Volumes: volumes}, nil
}

func (d *driver) capabilities(*emptyRequest) (*capabilitiesReply, error) {
	return &capabilitiesReply{Capabilities: capability{Scope: "local"}}, nil
}

func (d *driver) activate(*emptyRequest) (*activateReply, error) {
	return &activateReply{Implements: []string{"VolumeDriver"}}, nil
}

func (d *driver) find(name string) (*stored, error) {
	if found, exists := d.volumes[name]; exists {
		return found, nil
	}
	return nil, fmt.Errorf("volume %q does not exist", name)
}

func (s *stored) describe(name string) *volume {
	reply := &volume{Name: name, CreatedAt: s.createdAt}
	if len(s.mounts) > 0 {
		reply.Mountpoint = s.mountpoint
	}
	return reply
}

// handle decodes one kind of request, calls the driver and encodes its reply.
func handle[Request, Reply any](mux *http.ServeMux, path string, call func(*Request) (*Reply, error)) {
	mux.HandleFunc(path, func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("Content-Type", mediaType)
		decoded := new(Request)
		if request.ContentLength != 0 {
			if err := json.NewDecoder(request.Body).Decode(decoded); err != nil {
				answer(writer, http.StatusBadRequest, errorReply{Err: err.Error()})
				return
			}
		}
		reply, err := call(decoded)
		if err != nil {
			answer(writer, http.StatusInternalServerError, errorReply{Err: err.Error()})
			return
		}
		answer(writer, http.StatusOK, reply)
	})
}

func answer(writer http.ResponseWriter, status int, reply any) {
	writer.WriteHeader(status)
	// An answer that cannot be sent has no reader.
	_ = json.NewEncoder(writer).Encode(reply)
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go-plugin SOCKET")
	}
	d := &driver{root: "/var/lib/volumes", volumes: map[string]*stored{}}
	mux := http.NewServeMux()
	handle(mux, "/Plugin.Activate", d.activate)
	handle(mux, "/VolumeDriver.Create", d.create)
	handle(mux, "/VolumeDriver.Remove", d.remove)
	handle(mux, "/VolumeDriver.Mount", d.mount)
	handle(mux, "/VolumeDriver.Unmount", d.unmount)
	handle(mux, "/VolumeDriver.Path", d.path)
	handle(mux, "/VolumeDriver.Get", d.get)
	handle(mux, "/VolumeDriver.List", d.list)
	handle(mux, "/VolumeDriver.Capabilities", d.capabilities)

	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-stop
		listener.Close()
	}()
	// What a caller does to its connections is no news here.
	server := &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}
	if err := server.Serve(listener); !errors.Is(err, net.ErrClosed) {
		log.Fatal(err)
	}
}
