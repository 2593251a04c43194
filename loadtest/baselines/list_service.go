// A baseline: the list as a fast service in Go gives it. For each request a value of Redis is read, through a pooled
// connection, and passed on as it is. Only Go's own library.
//
//	REDIS_SOCKET=... list_service 127.0.0.1:8080
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

const (
	prefix  = "/api/popularity/"
	poolMax = 64
)

type connection struct {
	net.Conn
	reader *bufio.Reader
}

type pool struct {
	path string
	idle chan *connection
}

func (p *pool) take() (*connection, error) {
	select {
	case c := <-p.idle:
		return c, nil
	default:
	}
	c, err := net.Dial("unix", p.path)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReaderSize(c, 64*1024)}, nil
}

func (p *pool) give(c *connection) {
	select {
	case p.idle <- c:
	default:
		c.Close()
	}
}

// The value of a key; nil where there is none. A connection that failed is not used again.
func (p *pool) get(key string) ([]byte, error) {
	c, err := p.take()
	if err != nil {
		return nil, err
	}
	value, err := c.get(key)
	if err != nil {
		c.Close()
		return nil, err
	}
	p.give(c)
	return value, nil
}

func (c *connection) get(key string) ([]byte, error) {
	if _, err := fmt.Fprintf(c, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", len(key), key); err != nil {
		return nil, err
	}
	head, err := c.reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if head[0] != '$' {
		return nil, errors.New("Redis said " + strings.TrimSpace(head))
	}
	size, err := strconv.Atoi(strings.TrimSpace(head[1:]))
	if err != nil || size < 0 {
		return nil, err
	}
	value := make([]byte, size+2)
	if _, err := io.ReadFull(c.reader, value); err != nil {
		return nil, err
	}
	return value[:size], nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: list_service HOST:PORT")
	}
	redis := &pool{os.Getenv("REDIS_SOCKET"), make(chan *connection, poolMax)}
	http.HandleFunc(prefix, func(w http.ResponseWriter, r *http.Request) {
		value, err := redis.get("popularity:" + strings.TrimPrefix(r.URL.Path, prefix))
		if err != nil {
			http.Error(w, "no Redis", http.StatusServiceUnavailable)
			return
		}
		if value == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(value)))
		w.Write(value)
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
