#!/usr/bin/env bash
# interrupt.sh kill|cut SECONDS COMMAND...: on the board: runs the command, and after SECONDS kills its whole
# process group, or takes the network away for 20 seconds. Prints "ended CODE" if it ended by itself, else "killed".
set -uo pipefail

how=$1 seconds=$2
shift 2
setsid --wait bash -c 'echo $$ >/run/interrupt.group; exec "$@"' command "$@" >/root/interrupted.log 2>&1 &
command=$!
sleep "$seconds"
if ! kill -0 "$command" 2>/dev/null; then
  wait "$command"
  echo "ended $?"
elif [[ $how == kill ]]; then
  kill -KILL -- "-$(cat /run/interrupt.group)"
  wait "$command" 2>/dev/null
  echo killed
else
  device=$(ip -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -1)
  ip link set "$device" down
  sleep 20
  ip link set "$device" up
  wait "$command"
  echo "cut $?"
fi
