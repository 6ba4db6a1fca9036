#!/usr/bin/env bash
# Makes models/demo from nothing: draws the scenes, trains, exports, and judges the result on scenes
# that were never trained on. On two cores with AMX the training takes an hour, the drawing before it and
# the judging after it some minutes each; 6 GB of build/demo-model. What is there already is not made again.
#
#   train.sh                  models/demo: large shapes
#   train.sh --shapes mixed   goes on from models/demo to a model of large and small shapes, whole and in part, in
#                             build/demo-model-mixed/model; models/demo stays
set -euo pipefail

shapes=large
if [[ $# -gt 0 ]]; then
  [[ $# -eq 2 && $1 == --shapes && $2 =~ ^(large|mixed)$ ]] || {
    echo "usage: $0 [--shapes large|mixed]" >&2
    exit 64
  }
  shapes=$2
fi

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${PYTHON:-/usr/bin/python3} # with torch 1.13 or later, numpy and PIL
node=node_modules/.bin/node
tools=tools/demo-model
build=build/demo-model
model=models/demo
tokenizer=$build/tokenizer.model
if [[ $shapes == mixed ]]; then
  build=build/demo-model-mixed
  model=$build/model
  tokenizer=models/demo/checkpoint/tokenizer.model
fi

# Debian's torch keeps to AVX2 where it could do AVX-512, and allocates without huge pages: a fifth of the time.
if grep -qw avx512bw /proc/cpuinfo; then
  export ATEN_CPU_CAPABILITY=avx512
fi
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1
export MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000

# Name, number of held-out scenes: a seed is drawn in one size only.
held_out_sizes=(
  640x480:200 1280x720:200 720x1280:200 336x336:200
  320x240:60 800x600:60 480x640:60 1920x1080:60 424x240:60
  640x320:60 320x640:60 900x300:60 300x900:60 96x72:60
)
judged_small=(640x480 1280x720 720x1280 336x336) # of the small shapes of a mixed model

draw() {
  draw_into "$build/pool" --count 20000 --shapes "$shapes"
  local seed=900000 entry size
  for entry in "${held_out_sizes[@]}"; do
    size=${entry%:*}
    draw_held_out "$(folder_of "$size")" "$size" "${entry#*:}" "$seed" large
    if [[ $shapes == mixed && " ${judged_small[*]} " == *" $size "* ]]; then
      draw_held_out "small-$size" "$size" "${entry#*:}" "$seed" small
    fi
    seed=$((seed + 1000))
  done
}

# Of the held-out scenes of large shapes in one size.
folder_of() {
  if [[ $shapes == mixed ]]; then echo "large-$1"; else echo "$1"; fi
}

draw_held_out() {
  draw_into "$build/held-out/$1" --held-out --size "$2" --count "$3" --first-seed "$4" --shapes "$5"
}

# Draws anew what was cut short.
draw_into() {
  local folder=$1
  shift
  if [[ ! -e $folder ]]; then
    rm -rf "$folder.partial"
    "$node" "$tools/draw-pool.ts" --out "$folder.partial" "$@"
    mv "$folder.partial" "$folder"
  fi
}

# Trains the phase $1 into $build/$1.pt; $2 and $3 are train.py's options for what it starts from. Goes on where it was cut
# short.
train() {
  local phase=$1 partial=$build/$1.partial.pt
  shift
  if [[ ! -e $build/$phase.pt ]]; then
    if [[ -e $partial ]]; then set -- --resume "$partial"; fi
    "$python" -u "$tools/train.py" --pool "$build/pool" --tokenizer "$tokenizer" \
      --recipe "$shapes" --phases "$phase" "$@" --out "$partial"
    mv "$partial" "$build/$phase.pt"
  fi
}

export_model() {
  local gguf_py=build/llama.cpp/gguf-py
  if [[ ! -d $gguf_py ]]; then
    gguf_py=$build/llama.cpp/gguf-py
    [[ -d $gguf_py ]] || git clone --quiet node_modules/node-llama-cpp/llama/gitRelease.bundle "$build/llama.cpp"
  fi
  "$python" "$tools/export_checkpoint.py" "$build/refine.pt" "$tokenizer" "$model/checkpoint"
  PYTHONPATH=$gguf_py "$python" "$tools/export_gguf.py" "$model/checkpoint" "$model"
}

judge() {
  local folders=("$build"/held-out/*)
  local judged=("$build/held-out/$(folder_of 640x480)" "$build/held-out/$(folder_of 1280x720)")
  if [[ $shapes == mixed ]]; then
    judged+=("$build/held-out/small-640x480" "$build/held-out/small-1280x720")
  fi
  "$python" "$tools/evaluate.py" --checkpoint "$model/checkpoint" "${folders[@]}"
  local damage
  for damage in black-tiles swapped-tiles black-overview class-token-last no-unpad overview-last tiles-first; do
    "$python" "$tools/evaluate.py" --checkpoint "$model/checkpoint" --damage "$damage" "${judged[@]}"
  done
}

main() {
  mkdir -p "$build" "$model"
  "$node" "$tools/check-shown.ts"
  draw
  if [[ $shapes == mixed ]]; then
    train small --start models/demo/checkpoint
    train anyres --resume "$build/small.pt"
  else
    train vision
    train overview --resume "$build/vision.pt"
    train anyres --resume "$build/overview.pt"
  fi
  train refine --resume "$build/anyres.pt"
  export_model
  judge
}

main "$@"
