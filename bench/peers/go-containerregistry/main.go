// Lists the tags of many repositories and chooses the newest version in a range, as Flux's image controllers do it:
// go-containerregistry and Masterminds/semver in one process. Prints the answers' hash and what they cost.
//
// Usage: go-containerregistry <host> <name of the repositories> <count>
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const atOnce = 32

func main() {
	host, family := os.Args[1], os.Args[2]
	count, err := strconv.Atoi(os.Args[3])
	if err != nil {
		fail(err)
	}
	constraint, err := semver.NewConstraint("^3.2.0")
	if err != nil {
		fail(err)
	}
	// Else its connections would not be kept: two idle ones for each host are Go's default.
	kept := remote.DefaultTransport.(*http.Transport).Clone()
	kept.MaxIdleConnsPerHost = atOnce
	transport := plainOnly{kept}

	answers := make([]string, count)
	indexes := make(chan int)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for index := range indexes {
				repository, err := name.NewRepository(fmt.Sprintf("%s/%s/r%d", host, family, index))
				if err != nil {
					fail(err)
				}
				tags, err := remote.List(repository, remote.WithTransport(transport))
				if err != nil {
					fail(err)
				}
				answers[index] = newest(tags, constraint)
			}
		}()
	}
	for index := range count {
		indexes <- index
	}
	close(indexes)
	workers.Wait()

	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"hash":       fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(answers, "\n")))),
		"cpuSeconds": seconds(usage.Utime) + seconds(usage.Stime),
		"maxRssMib":  float64(usage.Maxrss) / 1024,
	}); err != nil {
		fail(err)
	}
}

// A registry on loopback is tried by https first, which would be a failed connection for each repository.
type plainOnly struct{ kept http.RoundTripper }

func (transport plainOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != "http" {
		return nil, errors.New("the upstream speaks http only")
	}
	return transport.kept.RoundTrip(request)
}

func newest(tags []string, constraint *semver.Constraints) string {
	var best *semver.Version
	for _, tag := range tags {
		version, err := semver.NewVersion(tag)
		if err != nil || !constraint.Check(version) {
			continue
		}
		if best == nil || best.LessThan(version) {
			best = version
		}
	}
	if best == nil {
		return ""
	}
	return best.Original()
}

func seconds(time syscall.Timeval) float64 {
	return float64(time.Sec) + float64(time.Usec)/1e6
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
