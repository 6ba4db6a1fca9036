#!/usr/bin/env bash
# Makes models/demo from nothing: draws the scenes, trains, exports, and judges the result on scenes that were never trained
# on. First a model of large shapes, then from it one of large and small shapes, whole and in part. On two cores the training
# takes two hours, the drawing before it and the judging after it some minutes each; 12 GB of build/demo-model. What is there
# already is not made again.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${PYTHON:-/usr/bin/python3} # with torch 1.13 or later, numpy and PIL
node=node_modules/.bin/node
tools=tools/demo-model
build=build/demo-model
model=models/demo
tokenizer=$build/tokenizer.model

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
judged_small=(640x480 1280x720 720x1280 336x336)

draw() {
  draw_into "$build/large/pool" --count 20000
  draw_into "$build/mixed/pool" --count 20000 --shapes mixed
  local seed=900000 entry size
  for entry in "${held_out_sizes[@]}"; do
    size=${entry%:*}
    draw_held_out large "$size" "${entry#*:}" "$seed"
    if [[ " ${judged_small[*]} " == *" $size "* ]]; then draw_held_out small "$size" "${entry#*:}" "$seed"; fi
    seed=$((seed + 1000))
  done
}

# draw_held_out SHAPES SIZE COUNT FIRST-SEED
draw_held_out() {
  draw_into "$build/held-out/$1-$2" --held-out --size "$2" --count "$3" --first-seed "$4" --shapes "$1"
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

# Trains the phase $2 of the recipe $1 into $build/$1/$2.pt; what follows are train.py's options for what it starts from. Goes on
# where it was cut short.
train() {
  local recipe=$1 phase=$2 partial=$build/$1/$2.partial.pt
  shift 2
  if [[ ! -e $build/$recipe/$phase.pt ]]; then
    if [[ -e $partial ]]; then set -- --resume "$partial"; fi
    "$python" -u "$tools/train.py" --pool "$build/$recipe/pool" --tokenizer "$tokenizer" \
      --recipe "$recipe" --phases "$phase" "$@" --out "$partial"
    mv "$partial" "$build/$recipe/$phase.pt"
  fi
}

train_large() {
  train large vision
  train large overview --resume "$build/large/vision.pt"
  train large anyres --resume "$build/large/overview.pt"
  train large refine --resume "$build/large/anyres.pt"
  "$python" "$tools/export_checkpoint.py" "$build/large/refine.pt" "$tokenizer" "$build/large/checkpoint"
}

train_mixed() {
  train mixed small --start "$build/large/checkpoint"
  train mixed anyres --resume "$build/mixed/small.pt"
  train mixed refine --resume "$build/mixed/anyres.pt"
  train mixed settle --resume "$build/mixed/refine.pt"
  train mixed finish --resume "$build/mixed/settle.pt"
}

export_model() {
  local gguf_py=build/llama.cpp/gguf-py
  if [[ ! -d $gguf_py ]]; then
    gguf_py=$build/llama.cpp/gguf-py
    [[ -d $gguf_py ]] || git clone --quiet node_modules/node-llama-cpp/llama/gitRelease.bundle "$build/llama.cpp"
  fi
  "$python" "$tools/export_checkpoint.py" "$build/mixed/finish.pt" "$tokenizer" "$model/checkpoint"
  PYTHONPATH=$gguf_py "$python" "$tools/export_gguf.py" "$model/checkpoint" "$model"
}

judge() {
  local folders=("$build"/held-out/*)
  local judged=("$build"/held-out/{large,small}-{640x480,1280x720})
  "$python" "$tools/evaluate.py" --checkpoint "$model/checkpoint" "${folders[@]}"
  local damage
  for damage in black-tiles swapped-tiles black-overview class-token-last no-unpad overview-last tiles-first; do
    "$python" "$tools/evaluate.py" --checkpoint "$model/checkpoint" --damage "$damage" "${judged[@]}"
  done
}

main() {
  mkdir -p "$build"/{large,mixed,held-out} "$model"
  "$node" "$tools/check-shown.ts"
  draw
  train_large
  train_mixed
  export_model
  judge
}

main "$@"
