#!/bin/sh
# Starts a Docker daemon if Docker is installed, we are root, and none answers. It never stops one, and always succeeds:
# without a daemon bubblewrap does the work.
set -u
log=/var/log/oxidizer-dockerd.log

answers() { docker info >/dev/null 2>&1; }

answers && exit 0
command -v dockerd >/dev/null 2>&1 || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "dockerd: no daemon answers, and only root can start one; bubblewrap does the work" >&2
    exit 0
fi
echo "dockerd: starting (log: $log)" >&2
if [ -d /run/systemd/system ]; then
    systemctl start docker >"$log" 2>&1 </dev/null
else
    setsid dockerd >"$log" 2>&1 </dev/null &
fi
for _ in $(seq 30); do
    answers && exit 0
    sleep 1
done
echo "dockerd: none answers after 30 s, see $log; bubblewrap does the work" >&2
