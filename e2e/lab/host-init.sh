#!/bin/sh
# Runs as process 1 of a lab host, in mount, UTS, network and PID namespaces of its own. Everything here is seen by the
# host alone and vanishes with it. $1: the host's folder; $2: the engine's root folder; $3: the host's name.
set -eu
folder=$1 engine=$2 name=$3

mount --make-rprivate /
hostname "$name"

# What a host may not share with the machine: its run folder, its configuration, its state. Layers are kept in memory.
scratch=$folder/scratch
mount -t tmpfs -o mode=0755 scratch "$scratch"
layer() {
  id=$(echo "$2" | tr / _)
  mkdir -p "$scratch/$id/upper" "$scratch/$id/work"
  mount -t overlay -o "lowerdir=$1,upperdir=$scratch/$id/upper,workdir=$scratch/$id/work" "$name" "$2"
}
mount -t tmpfs -o mode=0755 run /run
layer /etc /etc
layer /var/lib /var/lib
mkdir -p /run/docker/plugins /run/outrigger /etc/docker/plugins /usr/lib/docker/plugins 2>/dev/null || true
rm -rf /run/docker/plugins/* /etc/docker/* /var/lib/outrigger
mkdir -p /etc/docker/plugins /var/lib/outrigger
mount --bind "$folder/lib" /var/lib/outrigger

# The engine's root. The mount it stands on stays private: runc's pivot_root refuses a root whose parent is shared.
root=$folder/root
layer "$engine" "$root"
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/etc/docker" "$root/var/lib/docker" "$root/var/lib/outrigger" "$root$folder" "$root/tmp" "$root/root"
# Unpacked packages have a folder here, where an installed system has a link.
rm -rf "$root/var/run"
ln -s /run "$root/var/run"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount --bind "$folder/data" "$root/var/lib/docker"

# Both see these under one path, and what either mounts there later.
for path in /run /etc/docker /var/lib/outrigger "$folder/share"; do
  [ "$path" = "$folder/share" ] && mount --bind "$path" "$path"
  [ "$path" = /etc/docker ] && mount --bind "$path" "$path"
  mount --make-shared "$path"
  mkdir -p "$root$path"
  mount --rbind "$path" "$root$path"
done
mkdir -p "$folder/socket" "$root$folder/socket"
mount --bind "$folder/socket" "$root$folder/socket"

chroot "$root" ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward

# The engine gets a mount namespace that has this folder as its root. In a mere chroot, `docker exec` would enter the
# container's mount namespace and be in the machine's root there, above the container's.
unshare --mount --propagation=unchanged \
  sh -c 'cd "$1" && mount --move . / && echo ready && exec sleep infinity' sh "$root" &

# Ends with the pipe that its owner holds, and the whole host with it. Ignoring SIGCHLD lets the kernel reap orphans: a
# dead containerd that nobody reaps is taken for a living one by the next dockerd.
exec env --ignore-signal=CHLD cat >/dev/null
