module outrigger.dev/tests/containerd

go 1.26.0

require (
	github.com/containerd/containerd/v2 v2.1.9
	github.com/containernetworking/plugins v1.9.1
)
