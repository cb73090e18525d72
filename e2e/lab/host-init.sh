#!/bin/sh
# Runs as process 1 of a lab host, in mount, UTS, network and PID namespaces of its own. Everything here is seen by the
# host alone and vanishes with it. $1: the host's folder; $2: the engine's root folder; $3: the host's name.
set -eu
umask 022
folder=$1 engine=$2 name=$3
echo "$name" >/proc/sys/kernel/hostname
echo 1 >/proc/sys/net/ipv4/ip_forward

# What a host writes below such a folder is kept in memory.
scratch=$folder/scratch
mount -t tmpfs -o mode=0755 scratch "$scratch"
layers=0
layer() {
  layers=$((layers + 1))
  mkdir -p "$scratch/$layers/upper" "$scratch/$layers/work" "$2"
  mount -t overlay -o "lowerdir=$1,upperdir=$scratch/$layers/upper,workdir=$scratch/$layers/work" "$name" "$2"
}

# What it may not share with the machine: what runs there, its Docker's configuration, its state.
mount -t tmpfs -o mode=0755 run /run
layer /etc /etc
layer /var/lib /var/lib
rm -rf /etc/docker /var/lib/outrigger
mkdir -p /run/docker/plugins /run/outrigger /etc/docker/plugins /var/lib/outrigger
mount --bind "$folder/lib" /var/lib/outrigger

# The engine's root folder. It is bound first because overlay's options have no room for commas and colons in a path.
root=$folder/root
mkdir "$scratch/engine"
mount --bind "$engine" "$scratch/engine"
layer "$scratch/engine" "$root"
cd "$root"
mkdir -p proc sys dev run tmp root etc/docker var/lib/docker var/lib/outrigger
# A link on an installed system; a folder where packages were only unpacked.
rm -rf var/run
ln -s ../run var/run
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind sys /sys
mount --rbind /dev dev
mount --bind "$folder/data" var/lib/docker

# Both see these under one path, and what either mounts there later.
for path in /run /etc/docker /var/lib/outrigger "$folder/share" "$folder/socket"; do
  mount --bind "$path" "$path"
  mount --make-shared "$path"
  mkdir -p "$root$path"
  mount --rbind "$path" "$root$path"
done

# The engine gets a mount namespace that has this folder as its root. In a mere chroot, `docker exec` would enter the
# container's mount namespace and be in the machine's root there, above the container's.
unshare --mount --propagation=unchanged \
  sh -c 'cd "$1" && mount --move . / && echo ready && exec sleep infinity' sh "$root" &

# Ends with the pipe that its owner holds, and the whole host with it. Ignoring SIGCHLD, which dash's trap cannot, lets
# the kernel reap orphans: a dead containerd that nobody reaps is taken for a living one by the next dockerd.
exec env --ignore-signal=CHLD cat >/dev/null
