package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"text/template"
	"time"
)

// nginx drives nginx with its DAV module: each segment is a file that is PUT, and
// there is nothing to finish. It syncs nothing: its files are synced here when it
// has answered. It sends files by sendfile.
type nginx struct{ *server }

// nginxConf has as few copies as nginx can do with: a body goes through one large
// buffer to a file on the filesystem where it stays, and is renamed.
var nginxConf = template.Must(template.New("").Parse(`daemon off;
{{if .Root}}user root;{{end}}
pid {{.Folder}}/pid;
error_log stderr warn;
worker_processes auto;
events { worker_connections 4096; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	open_file_cache max=10000;
	keepalive_requests 1000000;
	client_max_body_size 0;
	client_body_buffer_size 1m;
	client_body_temp_path {{.Folder}}/tmp;
	proxy_temp_path {{.Folder}}/tmp; fastcgi_temp_path {{.Folder}}/tmp; uwsgi_temp_path {{.Folder}}/tmp; scgi_temp_path {{.Folder}}/tmp;
	server {
		listen 127.0.0.1:{{.Port}};
		root {{.Folder}}/files;
		location / { dav_methods PUT; }
	}
}
`))

type nginxValues struct {
	Folder, Port string
	Root         bool
}

func (r *run) startNginx(ctx context.Context) (nginx, error) {
	port, err := freePort()
	if err != nil {
		return nginx{}, err
	}
	var failed error
	// It says that it listens by writing its pid, so a shell waits for that.
	s, err := r.start(ctx, "nginx", `listening on (\S+)`, func(folder string) []string {
		failed = configureNginx(folder, port)
		const wait = `(until [ -s "$1/pid" ]; do sleep 0.01; done; echo listening on "127.0.0.1:$2") & PATH="$PATH:/usr/sbin" exec nginx -p "$1" -c "$1/conf"`
		return []string{"sh", "-c", wait, "sh", folder, port}
	})
	if err == nil {
		err = failed
	}
	return nginx{s}, err
}

// configureNginx writes what nginx needs into a folder.
func configureNginx(folder, port string) error {
	for _, name := range []string{"files", "tmp"} {
		if err := os.Mkdir(folder+"/"+name, 0o755); err != nil {
			return err
		}
	}
	conf, err := os.Create(folder + "/conf")
	if err != nil {
		return err
	}
	defer conf.Close()
	// Its workers would be another user, who may not come here.
	if err := nginxConf.Execute(conf, nginxValues{folder, port, os.Geteuid() == 0}); err != nil {
		return fmt.Errorf("configure nginx: %w", err)
	}
	return conf.Close()
}

func (n nginx) ingest(_ context.Context, p payload, load load) (timing, error) {
	pieces := p.video(load.size, load.segment)
	wires, err := n.dial(load.conns)
	if err != nil {
		return timing{}, err
	}
	defer hangUp(wires)
	began := time.Now()
	err = share(wires, len(pieces), func(w *wire, i int) error {
		_, err := w.ask(p, request{line: "PUT /" + load.name + strconv.Itoa(i), piece: pieces[i]}, 201)
		return err
	})
	if err != nil {
		return timing{}, err
	}
	err = n.sync(load.conns)
	took := time.Since(began)
	return timing{durable: took, finished: took}, err
}
