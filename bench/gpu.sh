#!/bin/sh
# A model on a device beside the CPU: numbers, rates and share of the device's best product (bench device).
#   bench/gpu.sh pack OUT                                   publishes the benchmarks without libtorch, to be carried to a GPU's machine
#   OUT/gpu.sh run LIBTORCH MODEL GRAPH [RECIPE] [DEVICE]   runs there, with the folder of any libtorch of the same version, such as
#                                                           site-packages/torch/lib of Python's torch 2.10
set -eu

case "${1:-}" in
pack)
    out=${2:?pack: found no folder; expected pack OUT}
    root=$(cd "$(dirname "$0")/.." && pwd)
    dotnet publish "$root/bench/Kalm.Benchmarks" -c release -r "linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')" --self-contained \
        -o "$out" -p:CompilesAhead=false
    for library in "$out"/*.so*; do
        case "$(basename "$library")" in
        libtorch*|libc10*|libgomp*|libcud*|libcublas*|libnv*|libaoti*|lib*backend*|libshm*) rm -f "$library" ;;
        esac
    done
    cp "$0" "$out/gpu.sh"
    du -sh "$out"
    ;;
run)
    libtorch=$(cd "${2:?run: found no libtorch; expected run LIBTORCH MODEL GRAPH}" && pwd)
    model=${3:?run: found no model; expected run LIBTORCH MODEL GRAPH}
    graph=${4:?run: found no graph; expected run LIBTORCH MODEL GRAPH}
    here=$(cd "$(dirname "$0")" && pwd)
    for library in libc10.so libtorch_cpu.so; do
        [ -e "$libtorch/$library" ] || { echo "$libtorch: found no $library; expected the lib folder of a libtorch" >&2; exit 1; }
    done
    # Python's wheel keeps CUDA's own libraries beside it.
    paths=$libtorch
    for folder in "$libtorch"/../../nvidia/*/lib; do
        [ -d "$folder" ] && paths=$paths:$folder
    done
    for library in "$libtorch"/lib*.so*; do
        ln -sf "$library" "$here/"
    done
    bridge=$here/libLibTorchSharp.so
    if command -v nm > /dev/null && [ -e "$bridge" ]; then
        nm -D --undefined-only "$bridge" | awk '$(NF - 1) == "U" { print $NF }' | grep -E '^_Z.*(2at|3c10|5torch)' | sed 's/@.*//' | sort -u > "$here/wanted.txt"
        nm -D --defined-only "$libtorch"/libc10*.so "$libtorch"/libtorch*.so 2> /dev/null | awk 'NF > 2 { print $NF }' | sed 's/@.*//' \
            | sort -u > "$here/found.txt"
        missing=$(comm -23 "$here/wanted.txt" "$here/found.txt" | head -3)
        if [ -n "$missing" ]; then
            echo "$libtorch: found no $missing" >&2
            echo "expected the libtorch that TorchSharp's library was built with (2.10)" >&2
            exit 1
        fi
        echo "symbols: all $(wc -l < "$here/wanted.txt") that are wanted are there"
    else
        echo "symbols: not looked at, because nm is not here"
    fi
    LD_LIBRARY_PATH=$paths${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$here/Kalm.Benchmarks" device --model "$model" --graph "$graph" \
        ${5:+--recipe "$5"} --device "${6:-cuda}"
    ;;
*)
    echo "found '${1:-}'; expected pack OUT, or run LIBTORCH MODEL GRAPH [RECIPE] [DEVICE]" >&2
    exit 1
    ;;
esac
