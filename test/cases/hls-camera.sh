#!/bin/sh
# A camera's HLS with 10 s segments, on 127.0.0.1:PORT/x.m3u8: hls-camera.sh FOLDER SECONDS PORT [OPTION...]
cd "$1" || exit 1
seconds=$2 port=$3
shift 3
python3 -m http.server "$port" --bind 127.0.0.1 >/dev/null 2>&1 & server=$!
ffmpeg -v error -re -f lavfi -i testsrc2=size=320x240:rate=5 -c:v libx264 -preset ultrafast -g 50 -f hls -hls_time 10 -hls_list_size 3 -t "$seconds" "$@" x.m3u8 & ffmpeg=$!
echo $ffmpeg >ffmpeg.pid
wait $ffmpeg
kill $server
